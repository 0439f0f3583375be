import { tableText } from '../table.ts'
import { harmless } from './harmless.ts'

/** One quarantined record, as it is counted. */
export interface Counted {
  readonly code: string
  /** -1: not told. */
  readonly rawPartition: number
  /** When it was quarantined (Unix ms). */
  readonly atMs: number
  readonly isRedriven: boolean
}

export interface Count {
  readonly code: string
  readonly rawPartition: number
  readonly age: string
  readonly records: number
  readonly redriven: number
  readonly oldestMs: number
  readonly newestMs: number
}

const HOUR_MS = 3_600_000
const AGES = [
  ['under 1 h', HOUR_MS],
  ['under 1 d', 24 * HOUR_MS],
  ['under 3 d', 72 * HOUR_MS],
  ['3 d or more', Number.POSITIVE_INFINITY],
] as const

/** Quarantined records of a stream, counted by reason, raw partition and age. */
export class Tally {
  readonly #nowMs: number
  readonly #counts = new Map<string, { -readonly [field in keyof Count]: Count[field] }>()

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  add({ code, rawPartition, atMs, isRedriven }: Counted): void {
    const age = AGES.find(([, belowMs]) => this.#nowMs - atMs < belowMs)?.[0] ?? AGES[0][0]
    const place = `${code} ${rawPartition} ${age}`
    const count = this.#counts.get(place) ?? {
      ...{ code, rawPartition, age, records: 0, redriven: 0, oldestMs: atMs, newestMs: atMs },
    }
    this.#counts.set(place, count)
    count.records++
    if (isRedriven) count.redriven++
    count.oldestMs = Math.min(count.oldestMs, atMs)
    count.newestMs = Math.max(count.newestMs, atMs)
  }

  get counts(): readonly Count[] {
    return [...this.#counts.values()].sort(
      (a, b) => a.code.localeCompare(b.code, 'en') || a.rawPartition - b.rawPartition || a.oldestMs - b.oldestMs,
    )
  }

  get records(): number {
    return this.#sum(({ records }) => records)
  }

  get redriven(): number {
    return this.#sum(({ redriven }) => redriven)
  }

  /** By reason, by raw partition, by age. */
  text(): string {
    const { counts } = this
    const ages = AGES.map(([age]) => age).filter((age) => counts.some((count) => count.age === age))
    return [
      table('reason', counts, ({ code }) => code),
      table('raw partition', counts, ({ rawPartition }) => (rawPartition < 0 ? 'not told' : String(rawPartition))),
      table(
        'age',
        ages.flatMap((age) => counts.filter((count) => count.age === age)),
        ({ age }) => age,
      ),
    ].join('\n')
  }

  #sum(of: (count: Count) => number): number {
    return this.counts.reduce((sum, count) => sum + of(count), 0)
  }
}

function table(head: string, counts: readonly Count[], keyOf: (count: Count) => string): string {
  const groups = Map.groupBy(counts, keyOf)
  const rows = [...groups].map(([key, of]) => {
    const sum = (field: 'records' | 'redriven') => of.reduce((all, count) => all + count[field], 0)
    const oldest = Math.min(...of.map(({ oldestMs }) => oldestMs))
    const newest = Math.max(...of.map(({ newestMs }) => newestMs))
    return [harmless(key), String(sum('records')), String(sum('redriven')), timeText(oldest), timeText(newest)]
  })
  return tableText([[head, 'records', 'redriven', 'oldest', 'newest'], ...rows])
}

/** To the second, UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
