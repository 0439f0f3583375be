import { ConsentClient } from '@weir/infra/demo/consent-client.ts'
import type { DumpedRecord, JournalEntry } from '../check/evidence.ts'
import type { Weir } from '../support/weir.ts'
import type { Random } from '../workload/random.ts'
import type { Shopper } from '../workload/shoppers.ts'
import type { Storm } from './faults/storm.ts'
import type { Tally } from './tally.ts'

/** A decision, and when its answer came. */
interface Decided {
  readonly entry: Omit<JournalEntry, 'endAfter'>
  readonly answeredAtMs: number
}

const AT_ONCE_AT_FIRST = 8

/** People who decide by the consent service's API, and the journal of it. */
export class Decisions {
  /** Answered with an error, or not at all in time: they may be in force or not. */
  unanswered = 0
  readonly #client: ConsentClient
  readonly #tally: Tally
  readonly #decided: Decided[] = []
  readonly #granted = new Map<Shopper, boolean>()
  readonly #busy = new Set<Shopper>()

  private constructor(client: ConsentClient, tally: Tally) {
    this.#client = client
    this.#tally = tally
  }

  static async open(weir: Weir, purposes: readonly string[], tally: Tally): Promise<Decisions> {
    const url = await weir.service('consent').url('http')
    return new Decisions(new ConsentClient(url, weir.token, new Map(Object.entries(weir.notices(purposes)))), tally)
  }

  get count(): number {
    return this.#decided.length
  }

  /** What they have decided before the first event. */
  async first(shoppers: readonly Shopper[]): Promise<void> {
    const left = [...shoppers]
    const decideNext = async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await this.#decide(next, 'grant')
    }
    await Promise.all(Array.from({ length: AT_ONCE_AT_FIRST }, decideNext))
    if (this.unanswered > 0) throw new Error(`${this.unanswered} first grants were not answered`)
  }

  /** These people go on changing their minds, one decision after the other, until the storm is over. */
  async goOn(storm: Storm, shoppers: readonly Shopper[], random: Random, gapMs: number): Promise<void> {
    while (await storm.paused(gapMs / 2 + random.below(gapMs))) {
      const free = shoppers.filter((shopper) => !this.#busy.has(shopper))
      if (free.length === 0) continue
      const shopper = random.pick(free)
      this.#busy.add(shopper)
      // Whoever got no answer is left alone from then on.
      if (await this.#decide(shopper, this.#granted.get(shopper) ? 'withdraw' : 'grant')) this.#busy.delete(shopper)
    }
  }

  /** When each answer came (`performance.now()`), by the decision's id. */
  get answeredAtMs(): ReadonlyMap<string, number> {
    return new Map(this.#decided.map(({ entry, answeredAtMs }) => [entry.decisionId, answeredAtMs]))
  }

  /**
   * The journal. Where the raw topic ended at the answer is read off the times that the broker gave its records: what
   * was appended later must obey.
   */
  journal(raw: readonly DumpedRecord[]): JournalEntry[] {
    const partitions = this.#tally.committed.map((_, partition) => {
      return raw.filter((record) => record.partition === partition).sort((a, b) => a.offset - b.offset)
    })
    return this.#decided.map(({ entry, answeredAtMs }) => {
      const answeredAt = Math.ceil(performance.timeOrigin + answeredAtMs)
      const endAfter = partitions.map((records) => {
        const later = records.find(({ timestampMs }) => timestampMs > answeredAt)
        return later?.offset ?? (records.at(-1)?.offset ?? -1) + 1
      })
      return { ...entry, endAfter }
    })
  }

  async #decide(shopper: Shopper, action: 'grant' | 'withdraw'): Promise<boolean> {
    const { subjectId, purposes } = shopper
    const committedBefore = [...this.#tally.committed]
    try {
      const { decisionId, effectiveMs } = await this.#client.decide(action, { kind: 'user', id: subjectId }, purposes)
      const entry = { kind: 'user', subjectId, decisionId, action, purposes, committedBefore, effectiveMs } as const
      this.#decided.push({ entry, answeredAtMs: performance.now() })
      this.#granted.set(shopper, action === 'grant')
      return true
    } catch {
      this.unanswered++
      return false
    }
  }
}
