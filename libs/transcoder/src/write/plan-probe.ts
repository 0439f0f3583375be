import type { Constant, LeafIs, Path } from '@weir/contracts'
import { Places } from '../read/places.ts'
import { readStep } from '../schema/path-step.ts'
import { branchAt, isMentioned, presentAt } from '../schema/present.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { ByteSet } from './byte-set.ts'
import { encodeConstant, encodeLong, encodeText } from './encode.ts'
import { type Position, Spot } from './spot.ts'

/** How a routine asks for a leaf: the way to it, and what its value is compared with. */
export type Probe =
  | { readonly kind: 'leaf'; readonly is: IsValue; readonly start: Position; readonly end: Position }
  | { readonly kind: 'choose'; readonly at: Position; readonly index: number; readonly inner: Probe }
  | { readonly kind: 'items'; readonly at: Position; readonly element: Places; readonly inner: Probe }
  | {
      readonly kind: 'entries'
      readonly at: Position
      readonly values: SchemaNode
      readonly entries: readonly EntryProbe[]
    }

export interface EntryProbe {
  readonly key: Buffer
  readonly value: Places
  readonly inner: Probe
}

/** Whether the value in [start, end), in canonical Avro, is one that is asked for. */
export type IsValue = (bytes: Buffer, start: number, end: number) => boolean

/** What no event has: a leaf that the writer schema lacks, or that it has in another form. */
export type Never = 'never'

/**
 * Holds where the leaf has one of the constants. A leaf that is null, that the writer schema lacks, or that it has in a
 * form that can't be compared has none: what is not known to hold lets nothing through.
 */
export function planCondition(record: Spot, { path, constants }: LeafIs): Probe | Never {
  return planProbe(record, path, (leaf) => isOneOf(leaf, constants)) ?? 'never'
}

/**
 * Holds where a leaf at the path has a listed value. Text and symbols are compared letter for letter, whole numbers by
 * their decimal text. A leaf that is there in a form that can't be compared gives null: passing it over would let
 * something through that is to be left out, so the writer schema is unusable.
 */
export function planListed(place: Spot, path: Path, values: ReadonlySet<string>): Probe | Never | null {
  let isComparable = true
  const probe = planProbe(place, path, (leaf) => {
    const is = isListed(leaf, values)
    isComparable = is !== null
    return is ?? (() => false)
  })
  if (probe === null) return isMentioned(place.node, path) ? null : 'never'
  return isComparable ? probe : null
}

/** Null when the path does not lead to a leaf. */
function planProbe(place: Spot, path: Path, compare: (leaf: SchemaNode) => IsValue): Probe | null {
  const [first, ...rest] = path
  const step = first === undefined ? null : readStep(first)
  const here = step?.kind === 'branch' ? branchAt(place.node, step.name) : presentAt(place.node)
  if (here === null) return null
  const { node, index } = here
  const inside = place.inside(index)
  const where = (inner: Probe | null): Probe | null =>
    inner === null || index === null ? inner : { kind: 'choose', at: place.start, index, inner }
  switch (step?.kind) {
    case undefined:
      return where({ kind: 'leaf', is: compare(node), start: inside.start, end: inside.end })
    case 'branch':
      return where(planProbe(inside, rest, compare))
    case 'field': {
      const field = node.kind === 'record' ? node.fields.findIndex(({ name }) => name === step.name) : -1
      return field < 0 ? null : where(planProbe(inside.field(field), rest, compare))
    }
    case 'items': {
      if (node.kind !== 'array') return null
      const element = new Places(node.items)
      const inner = planProbe(new Spot(element.root), rest, compare)
      return inner === null ? null : where({ kind: 'items', at: inside.start, element, inner })
    }
    case 'keys': {
      if (node.kind !== 'map') return null
      const entries = step.keys.flatMap((key): EntryProbe[] => {
        const value = new Places(node.values)
        const inner = planProbe(new Spot(value.root), rest, compare)
        return inner === null ? [] : [{ key: Buffer.from(key), value, inner }]
      })
      return entries.length === 0 ? null : where({ kind: 'entries', at: inside.start, values: node.values, entries })
    }
  }
}

/** Numbers are compared by value: a constant for a float is rounded to one, -0 is 0, NaN is nothing. */
function isOneOf(leaf: SchemaNode, constants: readonly Constant[]): IsValue {
  if (leaf.kind === 'float' || leaf.kind === 'double') {
    const numbers = constants.filter((constant) => typeof constant === 'number')
    if (leaf.kind === 'double') return (bytes, start) => numbers.some((one) => one === bytes.readDoubleLE(start))
    const floats = numbers.map(Math.fround)
    return (bytes, start) => floats.some((one) => one === bytes.readFloatLE(start))
  }
  return isIn(constants.flatMap((constant) => encodeConstant(leaf, constant) ?? []))
}

function isListed(leaf: SchemaNode, values: ReadonlySet<string>): IsValue | null {
  switch (leaf.kind) {
    case 'string':
      return isIn(encodedTexts(values))
    case 'enum':
      return isIn(leaf.symbols.flatMap((symbol, index) => (values.has(symbol) ? [encodeLong(BigInt(index))] : [])))
    case 'int':
    case 'long':
      return isIn([...values].flatMap((text) => encodedDecimal(text) ?? []))
    default:
      return null
  }
}

function isIn(encoded: readonly Buffer[]): IsValue {
  const set = new ByteSet(encoded)
  return (bytes, start, end) => set.has(bytes, start, end)
}

/** Text that is not well-formed is no event's. */
export function encodedTexts(values: ReadonlySet<string>): Buffer[] {
  return [...values].filter((text) => text.isWellFormed()).map(encodeText)
}

/** Null for what is no long's decimal text. */
function encodedDecimal(text: string): Buffer | null {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return null
  const value = BigInt(text)
  return BigInt.asIntN(64, value) === value ? encodeLong(value) : null
}
