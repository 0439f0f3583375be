import { setTimeout as pause } from 'node:timers/promises'
import type { Part } from '@weir/infra/stack/index.ts'
import { connectKafka, type Kafka, KafkaError, type TopicPartition } from '@weir/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compare, NO_DIFFERENCES } from '../copy/check/compare.ts'
import { LogTexts } from '../copy/check/log-texts.ts'
import { Copier } from '../copy/copier.ts'
import { allInSync, coordinatorOf, leaderOf, ownCluster } from '../support/cluster.ts'
import { whileAway, whileFrozen } from '../support/faults-stack.ts'
import { dumpEach, moveLeaders } from '../support/foreign/foreign.ts'
import { until } from '../support/until.ts'

const PARTITIONS = [0, 1, 2, 3, 4, 5]
const GROUP = 'copiers'
const SLOTS = ['copiers.0', 'copiers.1']
const AT_ONCE = 20
const FEED_EVERY_MS = 20
const OPEN_FOR_MS = 10
const GOES_ON_MS = 60_000

const cluster = ownCluster()

describe('the Kafka port on three brokers, while a transactional copy goes on', () => {
  let watched: Watched
  let copy: Copy

  beforeAll(async () => {
    const { brokers } = cluster()
    const kafka = await connectKafka({ brokers: brokers.split(','), clientId: 'test', requestTimeoutMs: 2_000 })
    const specs = ['in', 'out'].map((topic) => ({ topic, partitions: PARTITIONS.length, config: {} }))
    await kafka.admin.ensureTopics(specs)
    watched = new Watched(kafka)
    copy = new Copy(brokers, (positions) => watched.committed(positions))
    watched.start()
    await copy.goesOn()
  })

  afterAll(async () => {
    await copy?.stop()
    await watched?.close()
  })

  test('goes on when every partition gets another leader', async () => {
    const { brokers } = cluster()
    for (const topic of ['in', 'out']) {
      const moved = await moveLeaders(brokers, topic)
      for (const { before, now } of moved.values()) expect(now).not.toBe(before)
    }
    await copy.goesOn()
    await watched.answers()
  })

  test('goes on when the coordinator of its group is killed', async () => {
    const { brokers, nodes } = cluster()
    const before = await coordinatorOf(brokers, 'group', GROUP)
    await whileAway(nodeOf(nodes, before), async () => {
      await copy.goesOn()
      await watched.answers()
      expect(await coordinatorOf(brokers, 'group', GROUP)).not.toBe(before)
    })
    await allInSync(brokers)
    await copy.goesOn()
  })

  test('goes on when the coordinator of its transactions is killed', async () => {
    const { brokers, nodes } = cluster()
    const [slot = ''] = SLOTS
    const before = await coordinatorOf(brokers, 'transaction', slot)
    await whileAway(nodeOf(nodes, before), async () => {
      await copy.goesOn()
      expect(await coordinatorOf(brokers, 'transaction', slot)).not.toBe(before)
    })
    await allInSync(brokers)
    await copy.goesOn()
  })

  test('goes on when all brokers are restarted, one after the other', async () => {
    const { brokers, nodes } = cluster()
    for (const node of nodes) {
      await whileAway(node, async () => undefined, 'SIGTERM')
      await allInSync(brokers)
    }
    await copy.goesOn()
    await watched.answers()
  })

  test('goes on beside a broker that hangs, and when it has come to itself', async () => {
    const { brokers, nodes } = cluster()
    const frozen = await leaderOf(brokers, 'in', 0)
    await whileFrozen(nodeOf(nodes, frozen), async () => {
      await copy.goesOn()
      await watched.answers()
    })
    await allInSync(brokers)
    await copy.goesOn()
  })

  test('does not believe a leader that was replaced while it hung, though it alone answers', async () => {
    const { brokers, nodes } = cluster()
    // The first that is asked for metadata, so that its word is heard.
    const [old, ...others] = nodes as [Part, Part, Part]
    await until('broker 1 leads a partition', async () => {
      if ((await leaderOf(brokers, 'in', 0)) !== 1) await moveLeaders(brokers, 'in')
      return (await leaderOf(brokers, 'in', 0)) === 1
    })
    await old.signal('SIGSTOP')
    try {
      const before = watched.acknowledged(0)
      await until('the new leader takes records', () => watched.acknowledged(0) > before + 3 * AT_ONCE, GOES_ON_MS)
      await Promise.all(others.map((node) => node.signal('SIGSTOP')))
      await old.signal('SIGCONT')
      const known = watched.acknowledged(0)
      const ends: number[] = []
      let heard = 0
      await until('it has told its old view of the leaders some times', async () => {
        const told = await watched.kafka.topics(['in']).then(() => true, isOperating)
        if (told) heard++
        const end = await watched.kafka.endOffsets([{ topic: 'in', partition: 0 }], 'high-watermark').catch(isOperating)
        if (end !== false) ends.push(end[0] ?? -1)
        return heard >= 3
      })
      // Rejected, or right: its own end is older.
      for (const end of ends) expect(end).toBeGreaterThanOrEqual(known)
    } finally {
      for (const node of nodes) await node.signal('SIGCONT')
    }
    await allInSync(brokers)
    await copy.goesOn()
    await watched.answers()
  })

  test('has lost nothing, repeated nothing, kept the order, and kept what it acknowledged', async () => {
    const { brokers } = cluster()
    await watched.stopFeeding()
    await until('all is copied', () => copy.hasReached(watched.ends()), GOES_ON_MS)
    await copy.stop()
    const source = new LogTexts(PARTITIONS.length)
    const out = new LogTexts(PARTITIONS.length)
    const values = PARTITIONS.map(() => new Map<number, string>())
    await dumpEach(brokers, ['in', 'out'], (record) => {
      const log = record.topic === 'in' ? source : out
      log.add(record)
      if (record.topic === 'in') values[record.partition]?.set(record.offset, record.value?.toString() ?? '')
    })
    for (const partition of PARTITIONS) {
      expect(compare(source.of(partition), out.of(partition))).toEqual(NO_DIFFERENCES)
    }
    watched.check(values)
  })
})

/** Two members that copy, each by a client of its own. */
class Copy {
  readonly outcomes: string[] = []
  readonly #brokers: string
  readonly #onCommitted: (positions: readonly (readonly [number, number])[]) => void
  readonly #next = new Map<number, number>()
  /** Partitions that were in a commit since they were last cleared. */
  readonly #seen = new Set<number>()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>[]

  constructor(brokers: string, onCommitted: (positions: readonly (readonly [number, number])[]) => void) {
    this.#brokers = brokers
    this.#onCommitted = onCommitted
    this.#running = SLOTS.map((slot) => this.#run(slot))
  }

  /** Waits until transactions that began from now on have committed records of every partition. */
  async goesOn(): Promise<void> {
    this.#seen.clear()
    const all = () => PARTITIONS.every((partition) => this.#seen.has(partition))
    const what = () => `commits of partitions ${PARTITIONS.filter((partition) => !this.#seen.has(partition))}`
    await Promise.race([until('commits of every partition', all, GOES_ON_MS), ...this.#running]).catch((error) => {
      throw new Error(`${what()} are missing`, { cause: error })
    })
  }

  hasReached(ends: readonly number[]): boolean {
    return ends.every((end, partition) => (this.#next.get(partition) ?? 0) >= end)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  async #run(slot: string): Promise<void> {
    const kafka = await connectKafka({ brokers: this.#brokers.split(','), clientId: slot })
    const job = { groupId: GROUP, from: 'in', to: 'out', slot, recordsPerTransaction: 500 }
    const hooks = {
      phase: () => undefined,
      whileOpen: () => pause(OPEN_FOR_MS),
      tell: (event: Parameters<ConstructorParameters<typeof Copier>[2]['tell']>[0]) => {
        if (event.kind === 'aborted' || event.kind === 'fenced' || event.kind === 'unknown') {
          this.outcomes.push(`${event.kind}: ${event.why}`)
        }
        if (event.kind !== 'committed' && event.kind !== 'found') return
        for (const [partition, next] of event.positions) {
          this.#next.set(partition, Math.max(next, this.#next.get(partition) ?? 0))
          if (event.kind === 'committed') this.#seen.add(partition)
        }
        if (event.kind === 'committed') this.#onCommitted(event.positions)
      },
    }
    try {
      await new Copier(kafka, job, hooks, this.#stop.signal).run()
    } finally {
      await kafka.close()
    }
  }
}

/**
 * One client that appends all the time and asks for ends and committed offsets all the time. An answer may never be
 * behind what this client knew when it asked, nor before what it was told before.
 */
class Watched {
  readonly kafka: Kafka
  readonly #feeding = new AbortController()
  readonly #asking = new AbortController()
  #running: Promise<unknown> = Promise.resolve()
  #fed: Promise<void> = Promise.resolve()
  /** By partition: offset of each acknowledged record, and its value. */
  readonly #kept = PARTITIONS.map(() => new Map<number, string>())
  readonly #end = PARTITIONS.map(() => 0)
  readonly #committed = PARTITIONS.map(() => -1)
  readonly #unsure = new Set<string>()
  #answers = 0
  readonly #wrong: string[] = []

  constructor(kafka: Kafka) {
    this.kafka = kafka
  }

  start(): void {
    this.#fed = this.#feed()
    this.#running = Promise.all([
      this.#ask('ends', this.#end, (at) => this.kafka.endOffsets(at, 'high-watermark')),
      this.#ask('committed offsets', this.#committed, (at) =>
        this.kafka.committedOffsets(GROUP, at, AbortSignal.any([this.#asking.signal, AbortSignal.timeout(5_000)])),
      ),
    ])
  }

  /** Next offset after the last acknowledged record. */
  acknowledged(partition: number): number {
    return this.#end[partition] ?? 0
  }

  ends(): readonly number[] {
    return this.#end
  }

  committed(positions: readonly (readonly [partition: number, next: number])[]): void {
    for (const [partition, next] of positions) {
      this.#committed[partition] = Math.max(next, this.#committed[partition] ?? -1)
    }
  }

  /** Waits for answers to questions of from now on, and for none of them to be wrong. */
  async answers(): Promise<void> {
    const before = this.#answers
    await until('ends are answered', () => this.#answers > before + 3, GOES_ON_MS)
    expect(this.#wrong).toEqual([])
  }

  async stopFeeding(): Promise<void> {
    this.#feeding.abort()
    await this.#fed
    // What was refused may be in the log all the same, and is then to be copied too.
    const at = PARTITIONS.map((partition) => ({ topic: 'in', partition }))
    const ends = await until('the ends', () => this.kafka.endOffsets(at, 'high-watermark').catch(isOperating))
    for (const partition of PARTITIONS) this.#end[partition] = ends[partition] ?? 0
  }

  /** Each acknowledged record lies where it was said to; only what was refused may lie there more than once. */
  check(values: readonly ReadonlyMap<number, string>[]): void {
    expect(this.#wrong).toEqual([])
    for (const partition of PARTITIONS) {
      const log = values[partition] ?? new Map<number, string>()
      for (const [offset, value] of this.#kept[partition] ?? []) expect(log.get(offset)).toBe(value)
      const seen = new Set<string>()
      for (const value of log.values()) {
        if (seen.has(value)) expect(this.#unsure).toContain(value)
        seen.add(value)
      }
    }
  }

  async close(): Promise<void> {
    this.#feeding.abort()
    this.#asking.abort()
    await Promise.all([this.#running, this.#fed])
    await this.kafka.close()
  }

  /** What is refused is appended again: at least once. */
  async #feed(): Promise<void> {
    const appender = await this.kafka.appender()
    for (let n = 0; !this.#feeding.signal.aborted; n++) {
      const partition = n % PARTITIONS.length
      const texts = Array.from({ length: AT_ONCE }, (_, i) => `record ${n * AT_ONCE + i}`)
      const records = texts.map((text) => ({ partition, key: null, value: Buffer.from(text) }))
      for (;;) {
        const offsets = await appender.append('in', records).catch(isOperating)
        if (offsets !== false) {
          for (const [i, offset] of offsets.entries()) this.#kept[partition]?.set(offset, texts[i] ?? '')
          this.#end[partition] = Math.max(this.#end[partition] ?? 0, (offsets.at(-1) ?? -1) + 1)
          break
        }
        for (const text of texts) this.#unsure.add(text)
      }
      await pause(FEED_EVERY_MS)
    }
    await appender.close()
  }

  async #ask(
    what: string,
    known: readonly number[],
    ask: (at: readonly TopicPartition[]) => Promise<number[]>,
  ): Promise<void> {
    const at = PARTITIONS.map((partition) => ({ topic: 'in', partition }))
    while (!this.#asking.signal.aborted) {
      const least = [...known]
      const answer = await ask(at).catch(isOperating)
      if (answer !== false) {
        this.#answers++
        for (const [partition, offset] of answer.entries()) {
          if (offset < (least[partition] ?? 0)) this.#wrong.push(`${what}: ${offset} after ${least[partition]}`)
        }
      }
      await pause(FEED_EVERY_MS)
    }
  }
}

function nodeOf(nodes: readonly Part[], id: number): Part {
  const node = nodes[id - 1]
  if (node === undefined) throw new Error(`There is no broker ${id}`)
  return node
}

/** A rejection that time mends, as false; anything else is a bug. */
function isOperating(error: unknown): false {
  if (error instanceof KafkaError) return false
  throw error
}
