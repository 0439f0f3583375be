import type { Path } from '@weir/contracts'
import type { Places } from '../read/places.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import type { ByteSet } from './byte-set.ts'
import type { LeafWriter } from './leaf/leaf-writer.ts'
import type { Probe } from './plan-probe.ts'
import type { Position, Spot } from './spot.ts'

/**
 * What a routine does, one after the other, to write clean Avro. Positions are slots of the scope that an op stands in:
 * the record, or one element of an array or value of a map, whose places are its own.
 */
export type Op =
  | { readonly kind: 'bytes'; readonly bytes: readonly number[] }
  | Copy
  /** As the union holds this branch or not. */
  | {
      readonly kind: 'choose'
      readonly at: Position
      readonly index: number
      readonly held: readonly Op[]
      readonly otherwise: readonly Op[]
    }
  | ArrayOp
  | MapOp
  /** The index of null or of the clean type is part of what these write. */
  | ({ readonly kind: 'verb'; readonly writer: LeafWriter } & Range)
  | ({ readonly kind: 'host' } & Range)
  | ({ readonly kind: 'listed'; readonly values: ByteSet } & Range)
  | PseudonymOp

export interface Range {
  readonly start: Position
  readonly end: Position
}

export interface Copy extends Range {
  readonly kind: 'copy'
  /** Bytes of every value in this range; null where they differ. */
  readonly size: number | null
}

export interface ArrayOp {
  readonly kind: 'array'
  /** Of its count. */
  readonly at: Position
  readonly element: Places
  readonly body: readonly Op[]
  /** Elements that have it are left out, unless they are allowed. */
  readonly dropped: Probe | null
}

export interface MapOp {
  readonly kind: 'map'
  readonly at: Position
  readonly values: SchemaNode
  readonly entries: readonly EntryOp[]
}

export interface EntryOp {
  readonly key: Buffer
  readonly value: Places
  readonly body: readonly Op[]
}

export interface PseudonymOp extends Range {
  readonly kind: 'pseudonym'
  /** Index into the transcoder's fields, and the field's path. */
  readonly field: number
  readonly path: Path
  /** What the pseudonym is of: text behind its length, the bytes as they are, a number's decimal text, or a symbol. */
  readonly of: 'text' | 'bytes' | 'number' | readonly Buffer[]
}

export const NULL_PLACE: readonly Op[] = [{ kind: 'bytes', bytes: [0] }]
const PRESENT_PLACE: Op = { kind: 'bytes', bytes: [2] }

/** Ops one after the other, neighbours made into one: bytes with bytes, and ranges where one ends where the next begins. */
export function inSequence(ops: readonly Op[]): readonly Op[] {
  const merged: Op[] = []
  for (const op of ops) {
    const last = merged.at(-1)
    const both = last === undefined ? null : mergedPair(last, op)
    if (both === null) merged.push(op)
    else merged[merged.length - 1] = both
  }
  return merged
}

function mergedPair(one: Op, two: Op): Op | null {
  if (one.kind === 'bytes' && two.kind === 'bytes') return { kind: 'bytes', bytes: [...one.bytes, ...two.bytes] }
  if (one.kind !== 'copy' || two.kind !== 'copy' || !isSame(one.end, two.start)) return null
  const size = one.size === null || two.size === null ? null : one.size + two.size
  return { kind: 'copy', start: one.start, end: two.end, size }
}

/** The clean type's index, and its value. */
export function presentPlace(ops: readonly Op[]): readonly Op[] {
  return inSequence([PRESENT_PLACE, ...ops])
}

/**
 * `then` where the place's union holds the branch, else null; a place that always is this needs no asking (`index` null).
 * A union that stands in the clean schema as it is in the raw one is copied with its index.
 */
export function whereBranch(place: Spot, index: number | null, then: readonly Op[]): readonly Op[] {
  const { node } = place
  if (index === null || node.kind !== 'union' || node.branches.length === 1) return then
  // Both are asked for in any case: which slots there are must not depend on what other lines make of the place.
  const { start, end } = place
  const [present, value, ...more] = then
  const isNullable = node.branches.length === 2 && index === 1
  if (isNullable && isPresent(present) && value?.kind === 'copy' && more.length === 0) {
    const isWhole = isSame(value.start, place.inside(index).start) && isSame(value.end, end)
    if (isWhole) return [{ kind: 'copy', start, end, size: null }]
  }
  return [{ kind: 'choose', at: start, index, held: then, otherwise: NULL_PLACE }]
}

function isPresent(op: Op | undefined): boolean {
  return op?.kind === 'bytes' && op.bytes.length === 1 && op.bytes[0] === 2
}

export function isSame(one: Position, two: Position): boolean {
  return one.slot === two.slot && one.plus === two.plus
}
