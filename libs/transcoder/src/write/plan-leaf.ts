import type { Path, Verb } from '@weir/contracts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { familyOf } from '../verbs/user-agent-family.ts'
import { ByteSet } from './byte-set.ts'
import { encodeConstant } from './encode.ts'
import type { FieldRegistry } from './field-registry.ts'
import { bucketing } from './leaf/bucket.ts'
import { truncation } from './leaf/calendar.ts'
import { conversion } from './leaf/conversion.ts'
import { decimals } from './leaf/decimals.ts'
import type { LeafWriter } from './leaf/leaf-writer.ts'
import { network } from './leaf/network.ts'
import { routing } from './leaf/route.ts'
import { firstText, remembered, shortText } from './leaf/text.ts'
import { type Op, type PseudonymOp, presentPlace, type Range } from './plan.ts'
import { encodedTexts } from './plan-probe.ts'
import type { Spot } from './spot.ts'

/**
 * What a verb makes of a leaf that is not null, with the index of its clean type. The exact meaning of each verb is in
 * this library's README.
 * @param at the leaf's path, one key of a map a step
 * @returns null when the verb can't turn the writer's type into the clean one: the writer schema is unusable for it
 */
export function planLeaf(
  verb: Verb,
  at: Path,
  leaf: Spot,
  to: SchemaNode,
  fields: FieldRegistry,
): readonly Op[] | null {
  const { node: from, start, end } = leaf
  const range: Range = { start, end }
  switch (verb.kind) {
    case 'keep':
      return written(conversion(from, to), from, range)
    case 'pseudonymize': {
      const of = to.kind === 'string' ? pseudonymized(from) : null
      return of === null ? null : [{ kind: 'pseudonym', field: fields.indexOf(at), path: at, of, ...range }]
    }
    case 'hour':
    case 'day':
    case 'month':
      return written(truncation(from, to, verb.kind), from, range)
    case 'decimals':
      return written(decimals(from, to, verb.digits), from, range)
    case 'bucket':
      return written(bucketing(from, to, verb.bounds), from, range)
    case 'set': {
      const constant = encodeConstant(to, verb.constant)
      return constant === null ? null : presentPlace([{ kind: 'bytes', bytes: [...constant] }])
    }
    default:
      return from.kind === 'string' && to.kind === 'string' ? planText(verb, range) : null
  }
}

function planText(verb: TextVerb, range: Range): readonly Op[] {
  switch (verb.kind) {
    case 'prefix':
      return [{ kind: 'verb', writer: network(verb.v4, verb.v6), ...range }]
    case 'family':
      return [{ kind: 'verb', writer: shortText(remembered(familyOf)), ...range }]
    case 'host':
      return [{ kind: 'host', ...range }]
    case 'first':
      return [{ kind: 'verb', writer: firstText(verb.characters), ...range }]
    case 'routes':
      return [{ kind: 'verb', writer: routing(verb.patterns), ...range }]
    case 'in':
      return [{ kind: 'listed', values: new ByteSet(encodedTexts(verb.values)), ...range }]
  }
}

type TextVerb = Extract<Verb, { kind: 'prefix' | 'family' | 'host' | 'first' | 'routes' | 'in' }>

function written(writer: LeafWriter | 'same' | null, from: SchemaNode, range: Range): readonly Op[] | null {
  if (writer === null) return null
  if (writer === 'same') return presentPlace([{ kind: 'copy', ...range, size: sizeOf(from) }])
  return [{ kind: 'verb', writer, ...range }]
}

/** Bytes of each value of a type; null where they differ. */
function sizeOf(node: SchemaNode): number | null {
  switch (node.kind) {
    case 'boolean':
      return 1
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return node.size
    case 'enum':
      return node.symbols.length <= 64 ? 1 : null
    default:
      return null
  }
}

/** One byte string for a value, whatever schema version it was written with: an id that became a long stays itself. */
function pseudonymized(from: SchemaNode): PseudonymOp['of'] | null {
  switch (from.kind) {
    case 'string':
    case 'bytes':
      return 'text'
    case 'fixed':
      return 'bytes'
    case 'int':
    case 'long':
      return 'number'
    case 'enum':
      return from.symbols.map((symbol) => Buffer.from(symbol))
    default:
      return null
  }
}
