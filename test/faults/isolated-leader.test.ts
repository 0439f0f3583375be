import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONSENT_PARTITIONS, type SubjectRef } from '@weir/consent'
import { FRESHNESS_MS, openConsentView, type RunningConsentView } from '@weir/consent-view'
import { connectKafka, type Kafka } from '@weir/kafka'
import { referenceHasher } from '@weir/pseudonym'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allInSync, createLedByFirst, leaderOf, ownCluster } from '../support/cluster.ts'
import { ownStack } from '../support/faults-stack.ts'
import { moveLeaders } from '../support/foreign/foreign.ts'
import { partitionOfRef } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Weir } from '../support/weir.ts'

const PERSONALIZATION = ['personalization']
/** Longer than an election, the recovery of every service and a rebalance take one after the other. */
const PATIENCE_MS = 90_000

/**
 * A leader of consent.state that was replaced, on three brokers. What an old leader says of the end is true no more, and
 * it does not know that: so nothing that it has ever said may make anything fresh, or any withdrawal count as in force.
 */
describe('a leader of consent.state that was replaced', () => {
  const cluster = ownCluster()
  const others = ownStack({ start: ['redis', 'registry'] })
  let weir: Weir
  let watched: Watched
  let anna: Subject

  beforeAll(async () => {
    weir = new Weir({ stack: { ...others().env, KAFKA_BROKERS: cluster().brokers } })
    // One broker leads all of it, so that one alone can answer for it.
    await createLedByFirst(cluster().brokers, weir.topic('consent.state'), CONSENT_PARTITIONS)
    await weir.apply()
    await weir.startAll()
    watched = await Watched.open(weir, cluster().brokers)
    anna = subject('anna')
    await weir.decide({ subject: 'anna', kind: 'grant', purposes: PERSONALIZATION })
    await watched.isFresh(anna)
  })
  afterAll(async () => {
    await watched?.close()
    await weir?.close()
  })

  it('leaves no proof of freshness behind, and nothing is effective for S after the new one was heard of', async () => {
    const { brokers } = cluster()
    const { partition } = anna
    expect((await (await weir.kafka()).admin.brokerConfigs()).size).toBe(3)
    const before = { heard: watched.newLeaders(partition), told: newLeadersTold(partition).length }
    // Decisions about people of this partition, all the time, so that some are folded right after the move.
    const deciding = decideOnAndOn(partition)
    const moved = await moveLeaders(brokers, weir.topic('consent.state'))
    expect(moved.size).toBeGreaterThan(0)
    await until('its new leader was heard of', () => watched.newLeaders(partition) > before.heard, PATIENCE_MS)
    await until('by the consent service', () => newLeadersTold(partition).length > before.told, PATIENCE_MS)
    await watched.isFresh(anna)
    const decided = await deciding.end()
    expect(watched.agesAtNewLeaders).toEqual(new Set([Number.POSITIVE_INFINITY]))

    const toldMs = newLeadersTold(partition).slice(before.told)
    // Less a few milliseconds, since a timer may come that much early.
    const within = (ms: number) => toldMs.some((heardMs) => ms >= heardMs && ms < heardMs + FRESHNESS_MS - 5)
    for (const { effectiveMs } of decided) {
      expect(effectiveMs).toBeGreaterThan(0)
      expect(within(effectiveMs)).toBe(false)
    }
    // Some were folded in that time, and had to wait.
    expect(decided.filter(({ foldedMs }) => within(foldedMs))).not.toEqual([])
  })

  it('makes nothing fresh and clears no fence when it alone answers; what was withdrawn meanwhile stays so', async () => {
    const { brokers, nodes } = cluster()
    const { partition } = anna
    await allInSync(brokers)
    await publish(3)
    const state = weir.topic('consent.state')
    const old = await leaderOf(brokers, state, partition)
    const isolated = nodes[old - 1]
    const rest = nodes.filter((node) => node !== isolated)
    if (isolated === undefined) throw new Error(`no broker ${old}`)

    await isolated.signal('SIGSTOP')
    try {
      const [first] = rest
      const asked = `127.0.0.1:${first?.port}`
      await until(
        'another leads',
        async () => ![old, -1].includes(await leaderOf(asked, state, partition)),
        PATIENCE_MS,
      )
      const { status } = await weir.decide({ subject: 'anna', kind: 'withdraw', purposes: PERSONALIZATION })
      expect(status).toBe('effective')
      await watched.isFresh(anna)
      const looked = await watched.looked(anna)

      for (const node of rest) await node.signal('SIGSTOP')
      await isolated.signal('SIGCONT')
      // One that comes to it now believes that it leads, and gets its old end, from before the withdrawal.
      const late = await Watched.open(weir, `127.0.0.1:${isolated.port}`)
      try {
        await until('it is followed', () => late.view.topicId !== null, PATIENCE_MS)
        expect(late.view.positions()[partition]).toBeLessThan(watched.view.positions()[partition] ?? 0)
        for (let answered = 0; answered < 3; answered++) {
          const [end = -1] = await late.kafka.endOffsets([{ topic: state, partition }], 'stable')
          expect(end).toBeLessThan(watched.view.positions()[partition] ?? 0)
          expect(await late.view.lookup(anna.bytes, 1)).toMatchObject({ kind: 'held', reason: 'consent-cold' })
          // Who knows the new leader passes no fence by the old one.
          expect(await watched.view.fence(looked)).toMatchObject({ kind: 'held' })
        }
      } finally {
        await late.close()
      }
    } finally {
      for (const node of nodes) await node.signal('SIGCONT')
    }
    await publish(3)
    await allInSync(brokers)
    await weir.drained(PATIENCE_MS)
    const clean = await weir.clean('personalization')
    expect(clean).toHaveLength(6)
    expect(clean.filter(({ key }) => key !== null)).toHaveLength(3)
  })

  async function publish(count: number): Promise<void> {
    await weir.publish(Array.from({ length: count }, () => ({ key: 'anna', value: weir.event('anna') })))
    await weir.drained(PATIENCE_MS)
  }

  function subject(id: string): Subject {
    return subjectOf(weir, id)
  }

  /** When (Unix ms) the consent service has heard of a new leader of this partition, each time. */
  function newLeadersTold(partition: number): number[] {
    return weir
      .log('consent')
      .split('\n')
      .filter((line) => line.includes('consent-new-leader') && line.includes(`partition ${partition} of`))
      .map((line) => new Date((JSON.parse(line) as { time: string | number }).time).getTime())
  }

  /** One after the other is granted, until it is ended: when each state came out, and when it counted. */
  function decideOnAndOn(partition: number): { end(): Promise<Decided[]> } {
    let over = false
    const decided: Promise<Decided>[] = []
    const deciding = (async () => {
      for (let n = 0; !over; n++) {
        const { id, ref, partition: own } = subject(`someone-${n}`)
        if (own !== partition) continue
        decided.push(
          (async () => {
            const folded = watched.folded(ref)
            const decision = await weir.decide({ subject: id, kind: 'grant', purposes: PERSONALIZATION })
            const answer = await weir.api('GET', `/v1/decisions/${decision.id}`)
            return { foldedMs: await folded, effectiveMs: Date.parse(answer['effectiveAt'] as string) }
          })(),
        )
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    return {
      async end() {
        over = true
        await deciding
        return Promise.all(decided)
      },
    }
  }
})

interface Decided {
  readonly foldedMs: number
  readonly effectiveMs: number
}

interface Subject {
  readonly id: string
  readonly ref: SubjectRef
  readonly bytes: Uint8Array
  readonly partition: number
}

function subjectOf(weir: Weir, id: string): Subject {
  const ref = referenceHasher(readFileSync(join(weir.folder, 'reference.key'))).ref('user', id) as SubjectRef
  return { id, ref, bytes: Buffer.from(ref, 'hex'), partition: partitionOfRef(ref) }
}

/** A consent view over a client of its own, as a sanitizer has one. */
class Watched {
  readonly kafka: Kafka
  readonly view: RunningConsentView
  readonly #newLeaders = new Map<number, number>()
  readonly #ages: number[] = []

  private constructor(kafka: Kafka, view: RunningConsentView) {
    this.kafka = kafka
    this.view = view
    view.onNewLeader((partition) => {
      this.#ages.push(view.ageMs(partition))
      this.#newLeaders.set(partition, this.newLeaders(partition) + 1)
    })
  }

  static async open(weir: Weir, brokers: string): Promise<Watched> {
    const kafka = await connectKafka({ brokers: brokers.split(','), clientId: 'watched', requestTimeoutMs: 2_000 })
    const view = await openConsentView({
      kafka,
      redis: weir.stack.REDIS_URL,
      namespace: weir.namespace,
      clock: { monotonicMs: () => performance.now() },
    })
    return new Watched(kafka, view)
  }

  /** Age of the proof of freshness that was left of a partition, each time that it had a new leader. */
  get agesAtNewLeaders(): ReadonlySet<number> {
    return new Set(this.#ages)
  }

  /** How often this partition had a new leader. */
  newLeaders(partition: number): number {
    return this.#newLeaders.get(partition) ?? 0
  }

  async isFresh({ partition }: Subject): Promise<void> {
    await until('it is proved fresh', () => this.view.ageMs(partition) < FRESHNESS_MS, PATIENCE_MS)
  }

  looked(subject: Subject) {
    return until('it can be told', async () => {
      const answer = await this.view.lookup(subject.bytes, 1)
      return answer.kind === 'looked' ? answer : null
    })
  }

  /** Resolves with the time (Unix ms) when a state of this ref comes out. */
  folded(ref: SubjectRef): Promise<number> {
    return new Promise((resolve) => {
      const stop = this.view.onState((arrived) => {
        if (arrived !== ref) return
        stop()
        resolve(Date.now())
      })
    })
  }

  async close(): Promise<void> {
    this.kafka.abandon()
    await this.view.close()
    await this.kafka.close()
  }
}
