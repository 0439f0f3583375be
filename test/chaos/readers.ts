import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectEvidence } from '@weir/infra/demo/collect-evidence.ts'
import type { CheckedStream } from '../check/contract-files.ts'
import type { DumpedRecord, Evidence } from '../check/evidence.ts'
import { type Following, follow } from '../support/foreign/foreign.ts'
import type { Weir } from '../support/weir.ts'

const CONSENT = ['consent.decisions', 'consent.state']

/** What a reader of committed records has seen who was there all the time, faults or not. */
export class Follower {
  /** Without the namespace. */
  readonly names: readonly string[]
  readonly topics: ReadonlyMap<string, DumpedRecord[]>
  /** When (`performance.now()`) each record was seen. */
  readonly #seenAtMs = new Map<string, number>()
  readonly #following: Promise<Following>

  private constructor(weir: Weir, brokers: string, names: readonly string[]) {
    this.names = names
    this.topics = new Map(names.map((name) => [weir.topic(name), []]))
    this.#following = follow(brokers, [...this.topics.keys()], ({ topic, timestamp, ...record }) => {
      this.topics.get(topic)?.push({ ...record, timestampMs: timestamp })
      this.#seenAtMs.set(`${topic}/${record.partition}/${record.offset}`, performance.now())
    })
  }

  /** Kafka's own client, from the beginning of the topics that come of this stream, and of those of consent. */
  static async start(weir: Weir, brokers: string, contract: CheckedStream): Promise<Follower> {
    const outputs = [...contract.outputs.map(({ topic }) => topic), contract.quarantineTopic]
    const follower = new Follower(weir, brokers, [...outputs, ...CONSENT])
    await follower.#following
    return follower
  }

  seenAtMs(topic: string, partition: number, offset: number): number | undefined {
    return this.#seenAtMs.get(`${topic}/${partition}/${offset}`)
  }

  /** Reads to the ends, and stops. */
  async finish(): Promise<void> {
    await (await this.#following).finish()
  }
}

/**
 * Evidence as a reader has it who comes when all is done, and as the follower has it. Consent topics are the
 * follower's in both: compaction may have taken old states away, and their salts with them.
 */
export async function readEvidence(weir: Weir, brokers: string, contract: CheckedStream, follower: Follower) {
  const collected = await collectEvidence(
    {
      brokers,
      registryUrl: weir.stack.SCHEMA_REGISTRY_URL,
      redisUrl: weir.stack.REDIS_URL,
      namespace: weir.namespace,
      contractsFolder: weir.contracts,
      stream: contract.name,
      rootKey: readFileSync(join(weir.folder, 'root.key')),
      referenceKey: readFileSync(join(weir.folder, 'reference.key')),
      journal: [],
      logFiles: [],
      metrics: [],
    },
    contract,
  )
  await follower.finish()
  const consent = [...follower.topics].filter(([name]) => CONSENT.some((plain) => weir.topic(plain) === name))
  const afterwards: Evidence = { ...collected, topics: new Map([...collected.topics, ...consent]) }
  const meanwhile: Evidence = { ...collected, topics: new Map([...collected.topics, ...follower.topics]) }
  return { afterwards, meanwhile }
}
