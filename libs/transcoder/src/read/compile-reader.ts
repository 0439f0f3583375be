import { FaultCode } from '../faults.ts'
import type { Places } from './places.ts'
import { SchemaFacts } from './schema-facts.ts'
import { Walk } from './walk.ts'
import { type WalkKind, WalkText } from './walk-text.ts'

/** Reads records of one schema, and notes where the places lie that were asked for before it was compiled. */
export interface Reader {
  /**
   * Checks that bytes [start, end) are exactly one record, and writes the positions of asked places (offsets into
   * `bytes`, -1 for a place that does not stand in this record) to `positions` from `base` on.
   * @param view over the same memory as `bytes`
   * @param items how many items arrays and maps may have in all; of a record as it came, its count of bytes
   * @returns ok, malformedAvro or trailingBytes; for a fault the positions mean nothing
   */
  read(
    bytes: Buffer,
    view: DataView,
    start: number,
    end: number,
    items: number,
    positions: Int32Array,
    base: number,
  ): FaultCode
  /** Whether the record that was read last has the one form that kept bytes may have. */
  readonly isCanonical: boolean
}

export function compileReader(places: Places): Reader {
  const walk = new Walk()
  const pass = compileWalk(places, 'whole', walk)
  return {
    read(bytes, view, start, end, items, positions, base) {
      walk.begin(items)
      const at = pass(bytes, view, start, end, positions, base)
      if (at === end) return FaultCode.ok
      return at < 0 ? FaultCode.malformedAvro : FaultCode.trailingBytes
    },
    get isCanonical() {
      return walk.canonical
    },
  }
}

/** Gives the offset at which the walk ended, or -1 for bytes that are no such record. */
export type Pass = (
  bytes: Buffer,
  view: DataView,
  start: number,
  end: number,
  positions: Int32Array,
  base: number,
) => number

export function compileWalk(places: Places, kind: WalkKind, walk: Walk): Pass {
  const text = walkText(places, kind)
  // The text has numbers and words of our own alone: see WalkText.
  return new Function('w', text)(walk) as Pass
}

/** Text of the routines, for the test that looks for words that are not ours. */
export function walkText(places: Places, kind: WalkKind): string {
  return new WalkText(new SchemaFacts(places.root.node), kind).of(places.root)
}
