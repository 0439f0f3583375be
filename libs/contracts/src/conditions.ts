import type { EventLeaf, EventSchema } from './event-schema.ts'
import type { FileFaults } from './faults.ts'
import type { Located, LocatedMap, LocatedScalar, Spot } from './located.ts'
import type { Constant, LeafIs, Path } from './model.ts'
import { ANY_KEY, EACH, pathText } from './path.ts'
import { findPath } from './policy-line.ts'
import { CLEAR_REFUSED_TAGS, STEERING_TAGS } from './tags.ts'
import { numberFits, symbolMend, symbolsOf, typeText } from './verb-fit.ts'

/** `path: constant` or `path: [constant, …]`, read. */
export interface Condition extends Spot {
  readonly leaf: EventLeaf
  readonly is: LeafIs
}

/** Reads the conditions of `events` or `when`. Those with faults are left out; all must hold for an event. */
export function readConditions(map: LocatedMap, schema: EventSchema, faults: FileFaults): Condition[] {
  const conditions: Condition[] = []
  for (const [text, entry] of map.entries) {
    const found = findPath(text, entry, schema, faults)
    if (found === null || !fits(found.path, found.leaf, entry, faults)) continue
    const constants = readConstants(entry.value, found.path, found.leaf, faults)
    const { line, column } = entry
    if (constants !== null) conditions.push({ line, column, leaf: found.leaf, is: { path: found.path, constants } })
  }
  return conditions
}

/** Types of which an event has one exact value, told apart by reading. */
const TYPES = ['enum', 'string', 'boolean', 'int', 'long']

function fits(path: Path, leaf: EventLeaf, spot: Spot, faults: FileFaults): boolean {
  const name = pathText(path)
  const refuse = (what: string, mend: string): false => {
    faults.add(spot, 'WEIR_CONTRACT_CONDITION', what, mend)
    return false
  }
  if (leaf.raw.path.some((step) => step === EACH || step === ANY_KEY)) {
    return refuse(
      `${name} has many values in one event, so none of them decides`,
      'Ask for a leaf outside arrays and maps',
    )
  }
  const { type, logicalType } = leaf.raw
  if (!TYPES.includes(type) || (logicalType !== undefined && type !== 'string')) {
    const mend = `Ask for a leaf of one of these types, without a logicalType: ${TYPES.join(', ')}`
    return refuse(`${name} is ${typeText(leaf.raw)}, which can't be compared with a constant`, mend)
  }
  // That an event is published at all would tell the value.
  const tag = [...CLEAR_REFUSED_TAGS, ...STEERING_TAGS].find((one) => leaf.raw.tags.includes(one))
  if (tag === undefined) return true
  return refuse(`${name} has the tag "${tag}", and what is published would tell its value`, 'Ask for another leaf')
}

function readConstants(value: Located, path: Path, leaf: EventLeaf, faults: FileFaults): readonly Constant[] | null {
  const items = value.kind === 'list' ? value.items : [value]
  if (items.length === 0) {
    const what = `${pathText(path)} has no constants, so no event would fit`
    faults.add(value, 'WEIR_CONTRACT_CONDITION', what, 'Write at least one')
    return null
  }
  const constants = items.map((item) => readConstant(item, path, leaf, faults))
  if (constants.includes(null)) return null
  const good = constants.filter((constant) => constant !== null)
  const twice = good.findIndex((constant, i) => good.indexOf(constant) !== i)
  if (twice === -1) return good
  faults.add(items[twice] ?? value, 'WEIR_CONTRACT_CONDITION', `${good[twice]} stands here twice`, 'Take one out')
  return null
}

function readConstant(item: Located, path: Path, leaf: EventLeaf, faults: FileFaults): Constant | null {
  const constant = item.kind === 'scalar' ? item.value : null
  const { type } = leaf.raw
  const refuse = (what: string, mend: string): null => {
    faults.add(item, 'WEIR_CONTRACT_CONDITION', what, mend)
    return null
  }
  if (constant === null || !isOf(constant, type)) {
    const shown = item.kind === 'scalar' ? shownScalar(item) : `a ${item.kind}`
    const mend =
      type === 'string'
        ? 'Write text, in quotes if it looks like a number or a word of YAML'
        : `Write a constant of type ${type}`
    return refuse(`${shown} is no value of ${pathText(path)}, which is ${type}`, mend)
  }
  if (type !== 'enum') return constant
  const symbols = symbolsOf(leaf)
  if (symbols.includes(String(constant))) return constant
  return refuse(`${pathText(path)} has no symbol ${constant}`, symbolMend(String(constant), symbols))
}

function isOf(constant: Constant, type: string): boolean {
  if (type === 'string' || type === 'enum') return typeof constant === 'string'
  if (type === 'boolean') return typeof constant === 'boolean'
  return typeof constant === 'number' && numberFits(constant, type)
}

function shownScalar(item: LocatedScalar): string {
  return item.value === null ? 'nothing' : String(item.value)
}
