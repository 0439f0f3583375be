import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CONSENT_PARTITIONS, encodeLedger, ledgerKey, refToBytes, type SubjectRef } from '@weir/consent'
import { loadContracts } from '@weir/contracts'
import { ServiceProcess } from '@weir/infra/demo/service-process.ts'
import { applyContracts } from '@weir/infra/kafka/apply.ts'
import type { StackEnv } from '@weir/infra/stack/index.ts'
import { type Kafka, partitionOf, type RecordToAppend } from '@weir/kafka'
import { KeyRing, referenceHasher, sealer } from '@weir/pseudonym'
import { readRootKeys } from '@weir/service'
import { until } from '../../support/until.ts'
import { W1Events } from '../w1/events.ts'
import { loadW1, W1_PARTITIONS } from '../w1/load.ts'
import type { Measured } from './rate.ts'

export const CONTRACT = resolve(import.meta.dirname, '../w1/contract')
const WEEK_MS = 7 * 24 * 3_600_000
const AT_ONCE = 2_000
const FOLDED_WITHIN_MS = 600_000

/**
 * Weir with the contract of W1, in a namespace of its own: all people of the workload have granted `personalization`, and
 * the projector has folded that. Raw is empty.
 */
export class Ground {
  readonly namespace = `bench.${randomUUID().slice(0, 8)}.`
  readonly rawTopic = `${this.namespace}w1.raw`
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  readonly kafka: Kafka
  readonly env: Readonly<Record<string, string>>
  readonly #stack: StackEnv
  readonly #seed: number
  readonly #projector: ServiceProcess

  private constructor(stack: StackEnv, kafka: Kafka, seed: number) {
    this.kafka = kafka
    this.#stack = stack
    this.#seed = seed
    for (const name of ['root', 'reference']) this.#secret(name)
    this.env = {
      ...stack,
      WEIR_NAMESPACE: this.namespace,
      WEIR_CONTRACTS: CONTRACT,
      WEIR_STREAM: 'w1',
      WEIR_ROOT_KEY_FILE: join(this.folder, 'root.key'),
      WEIR_REFERENCE_KEY_FILE: join(this.folder, 'reference.key'),
      WEIR_LOG_LEVEL: 'warn',
    }
    this.#projector = new ServiceProcess({
      name: 'projector',
      env: { ...this.env, WEIR_LOG_LEVEL: 'info' },
      logFile: join(this.folder, 'projector.log'),
    })
  }

  static async prepared(stack: StackEnv, kafka: Kafka, seed: number, say: (line: string) => void): Promise<Ground> {
    const ground = new Ground(stack, kafka, seed)
    try {
      await ground.#apply()
      await ground.#projector.ready()
      const people = await ground.#grantAll()
      say(`${people} people have granted`)
      return ground
    } catch (error) {
      await ground.close()
      throw error
    }
  }

  /** Appends the events of W1, the same ones each time; they happen when they are appended, so under the grants. */
  async load(events: number): Promise<void> {
    const nowMs = Date.now() + 2 * WEEK_MS
    const rawSchema = JSON.parse(readFileSync(join(CONTRACT, 'w1/event.avsc'), 'utf8'))
    const schemaId = await this.#rawSchemaId()
    await loadW1(this.kafka, { topic: this.rawTopic, events, seed: this.#seed, nowMs, rawSchema, schemaId })
  }

  /** Ends of the raw partitions. */
  ends(): Promise<number[]> {
    return this.kafka.endOffsets(partitionsOf(this.rawTopic, W1_PARTITIONS), 'stable')
  }

  /** What all measuring here has in common. */
  get measured(): Pick<Measured, 'kafka' | 'namespace' | 'sealer' | 'rawTopic'> {
    const { keys, current } = readRootKeys(join(this.folder, 'root.key'))
    const { kafka, namespace, rawTopic } = this
    return { kafka, namespace, sealer: sealer(new KeyRing(keys, current)), rawTopic }
  }

  async close(): Promise<void> {
    await this.#projector.stop('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #secret(name: string): void {
    writeFileSync(join(this.folder, `${name}.key`), randomBytes(32), { mode: 0o600 })
  }

  async #apply(): Promise<void> {
    await applyContracts({
      kafka: this.kafka,
      registryUrl: this.#stack.SCHEMA_REGISTRY_URL,
      contracts: loadContracts(CONTRACT),
      namespace: this.namespace,
      rawPartitions: W1_PARTITIONS,
      log: { info: () => {} },
    })
  }

  async #grantAll(): Promise<number> {
    const topic = `${this.namespace}consent.decisions`
    const references = referenceHasher(readFileSync(join(this.folder, 'reference.key')))
    const { subjects } = new W1Events(this.#seed, 0)
    const appender = await this.kafka.appender()
    for (let first = 0; first < subjects.length; first += AT_ONCE) {
      const some = subjects.slice(first, first + AT_ONCE)
      await appender.append(
        topic,
        some.map((id) => grant(references.ref('user', id) as SubjectRef)),
      )
    }
    await appender.close()
    const ledger = partitionsOf(topic, CONSENT_PARTITIONS)
    const ends = await this.kafka.endOffsets(ledger, 'stable')
    const folded = async () => {
      const committed = await this.kafka.committedOffsets(`${this.namespace}projector`, ledger)
      return committed.every((offset, i) => offset >= (ends[i] ?? 0))
    }
    await until('all grants are folded', folded, FOLDED_WITHIN_MS)
    return subjects.length
  }

  async #rawSchemaId(): Promise<number> {
    const answer = await fetch(`${this.#stack.SCHEMA_REGISTRY_URL}/subjects/${this.rawTopic}-value/versions/latest`)
    return ((await answer.json()) as { id: number }).id
  }
}

function partitionsOf(topic: string, partitions: number): { topic: string; partition: number }[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
}

function grant(ref: SubjectRef): RecordToAppend {
  const decision = {
    kind: 'grant',
    decisionId: randomUUID(),
    ref,
    purposes: ['personalization'],
    decidedAtMs: Date.now(),
    source: 'bench',
    notices: [1],
    jurisdiction: null,
    untilMs: [null],
    basedOn: -1,
  } as const
  const key = ledgerKey(ref, randomBytes(16))
  const value = encodeLedger({ kind: 'decision', decision })
  return { key, value, partition: partitionOf(refToBytes(ref), CONSENT_PARTITIONS) }
}
