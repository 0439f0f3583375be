import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import type { Seen } from './seen.ts'

/** What the ticks in consent.state tell of the time. */
export class Ticks {
  readonly #seen: Pick<Seen, 'state' | 'cutOff'>
  /** By partition, in order. */
  readonly #times = new Map<number, readonly { readonly timeMs: number; readonly visibleAtMs: number }[]>()

  constructor(seen: Pick<Seen, 'state' | 'cutOff'>) {
    this.#seen = seen
  }

  /**
   * The time that whoever reads the end of the partition at `atMs` has been told; a leader that was cut off may tell an
   * earlier end. -Infinity: none.
   */
  knownAt(partition: number, atMs: number): number {
    if (this.#seen.cutOff) return Number.NEGATIVE_INFINITY
    return this.#of(partition).findLast(({ visibleAtMs }) => visibleAtMs < atMs)?.timeMs ?? Number.NEGATIVE_INFINITY
  }

  #of(partition: number) {
    const known = this.#times.get(partition)
    if (known !== undefined) return known
    const times = this.#seen.state
      .filter(({ partition: own, key }) => own === partition && key?.length !== REF_BYTES)
      .map(({ value, visibleAtMs }) => ({ timeMs: timeOf(value), visibleAtMs }))
    this.#times.set(partition, times)
    return times
  }
}

const REF_BYTES = 16
const schemas = resolve(import.meta.dirname, '../../../libs/consent/schemas/state.json')
const [, tick] = JSON.parse(readFileSync(schemas, 'utf8')) as [unknown, avro.Schema]
const type = avro.Type.forSchema(tick)

/** Of a union's second branch, behind the version and the branch. */
function timeOf(value: Buffer | null): number {
  if (value === null || value[1] !== 2) return Number.NEGATIVE_INFINITY
  return (type.fromBuffer(value.subarray(2)) as { timeMs: number }).timeMs
}
