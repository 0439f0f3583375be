import { AUDIT_TOPIC } from '@weir/audit'
import { CONSENT_PARTITIONS } from '@weir/consent'
import type { Seen, SeenRecord } from '../check/seen.ts'
import type { ModelCluster } from '../kafka/index.ts'
import { SETTING } from '../load/setting.ts'
import { CONSENT_TOPICS } from '../processes/contracts.ts'
import { wallClockMs } from '../time/virtual-time.ts'

const CLEAN_PARTITIONS = 2
/** Ref and 16 random bytes; a tick's key is shorter. */
const DECISION_KEY_BYTES = 32
const MAX_MESSAGE = { 'max.message.bytes': '1048588' }
const APPEND_TIME = { 'message.timestamp.type': 'LogAppendTime' }

interface Topic {
  readonly name: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

const TOPICS: readonly Topic[] = [
  ...[CONSENT_TOPICS.decisions, CONSENT_TOPICS.state].map((name) => {
    return { name, partitions: CONSENT_PARTITIONS, config: { ...APPEND_TIME, 'cleanup.policy': 'compact' } }
  }),
  { name: CONSENT_TOPICS.forget, partitions: 1, config: {} },
  {
    name: SETTING.rawTopic,
    partitions: SETTING.rawPartitions,
    config: { ...APPEND_TIME, ...MAX_MESSAGE, 'retention.ms': '-1' },
  },
  ...Object.values(SETTING.cleanTopics).map((name) => ({ name, partitions: CLEAN_PARTITIONS, config: MAX_MESSAGE })),
  { name: SETTING.quarantineTopic, partitions: 1, config: MAX_MESSAGE },
  { name: AUDIT_TOPIC, partitions: SETTING.rawPartitions, config: APPEND_TIME },
]

/** All topics of the world, and every record that was ever committed to one of them. */
export class Topics {
  readonly #cluster: ModelCluster
  /** By topic, then by place. */
  readonly #kept = new Map<string, Map<string, SeenRecord>>(TOPICS.map(({ name }) => [name, new Map()]))

  constructor(cluster: ModelCluster) {
    this.#cluster = cluster
    const more = cluster.brokers.length === 1 ? {} : { 'min.insync.replicas': '2' }
    for (const { name, partitions, config } of TOPICS) cluster.createTopic(name, partitions, { ...config, ...more })
  }

  /** Takes in what is there: at the end, and before anything is compacted or deleted. */
  collect(): void {
    for (const { name, partitions } of TOPICS) {
      const kept = this.#kept.get(name)
      for (let partition = 0; partition < partitions; partition++) {
        for (const record of this.#cluster.records(name, partition)) {
          kept?.set(`${partition}/${record.offset}`, { partition, ...record })
        }
      }
    }
  }

  /** Whether a decision came into the ledger within the last so many ms; the projector's own count too. */
  hasDecidedWithin(ms: number): boolean {
    const sinceMs = wallClockMs() - ms
    for (let partition = 0; partition < CONSENT_PARTITIONS; partition++) {
      const records = this.#cluster.records(CONSENT_TOPICS.decisions, partition)
      if (records.some(({ key, committedAtMs }) => key?.length === DECISION_KEY_BYTES && committedAtMs > sinceMs))
        return true
    }
    return false
  }

  get seen(): Pick<Seen, 'raw' | 'clean' | 'quarantine' | 'ledger' | 'state' | 'forget' | 'audit'> {
    return {
      raw: this.#recordsOf(SETTING.rawTopic),
      clean: Object.fromEntries(SETTING.purposes.map((p) => [p, this.#recordsOf(SETTING.cleanTopics[p])])),
      quarantine: this.#recordsOf(SETTING.quarantineTopic),
      ledger: this.#recordsOf(CONSENT_TOPICS.decisions),
      state: this.#recordsOf(CONSENT_TOPICS.state),
      forget: this.#recordsOf(CONSENT_TOPICS.forget),
      audit: this.#recordsOf(AUDIT_TOPIC),
    }
  }

  #recordsOf(topic: string): SeenRecord[] {
    const records = [...(this.#kept.get(topic)?.values() ?? [])]
    return records.sort((one, other) => one.partition - other.partition || one.offset - other.offset)
  }
}
