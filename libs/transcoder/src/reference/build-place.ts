import { branchName, keysOf, type Path, type Verb } from '@weir/contracts'
import { branchField, cleanType } from '../schema/clean-schema.ts'
import { ITEMS, keyStep, readStep, restAfter, restAfterKey } from '../schema/path-step.ts'
import type { ArrayNode, MapNode, RecordNode, SchemaNode } from '../schema/schema-node.ts'
import { entriesOf, itemsOf, lastValue, type MapEntry, mapOf, type Twin, type TwinValue } from './avro-twin.ts'
import { branchAt, fieldOf, type Present, presentAt } from './leaf-path.ts'
import { compileListed } from './listed.ts'
import type { Pseudonymize } from './port.ts'
import { compileVerb } from './verb.ts'

/** What the caller says of one record. */
export interface Given {
  readonly pseudonymize: Pseudonymize | null
  readonly sensitiveAllowed: boolean
}

/** Makes the clean value of a place (in its union, or null) from the writer's value of it. */
export type Build = (raw: TwinValue, given: Given) => TwinValue

/** A line of the branch, as seen from a place. */
export interface Line {
  /** Steps from the place to the leaf. */
  readonly rest: Path
  readonly verb: Verb
}

/** Which elements are left out: those with a listed value at the path, as seen from a place. */
export interface Dropped {
  readonly rest: Path
  readonly values: ReadonlySet<string>
}

export interface Place {
  /** The writer's type and the clean one, with null and other branches. */
  readonly from: SchemaNode
  readonly to: SchemaNode
  /** From the root; one key of a map a step. */
  readonly at: Path
  readonly lines: readonly Line[]
  readonly dropped: Dropped | null
}

export interface Twins {
  readonly writer: Twin
  readonly clean: Twin
}

/**
 * Compiles what the lines of a branch make of one place, from the clean type down: what no line names has no way in, and
 * a container that no line leads into is null. So is one that the writer schema has in a form that the lines do not go
 * through, such as a union of several types where they name no branch.
 * @returns null when a named leaf can't be turned into its clean type: the writer schema is unusable
 */
function compilePlace(twins: Twins, place: Place): Build | null {
  const [first] = place.lines
  if (first === undefined) return alwaysNull
  const [text] = first.rest
  if (text !== undefined && readStep(text).kind === 'branch') return compileBranches(twins, place)

  const here = presentAt(place.from, twins.writer)
  if (here === null) return alwaysNull
  if (text === undefined) return compileLeaf(twins, place, here, first.verb)
  switch (readStep(text).kind) {
    case 'items':
      return compileArray(twins, place, here)
    case 'keys':
      return compileMap(twins, place, here)
    default:
      return compileRecord(twins, place, here)
  }
}

const alwaysNull: Build = () => null

function compileLeaf(twins: Twins, place: Place, here: Present, verb: Verb): Build | null {
  const target = cleanType(place.to)
  const apply = compileVerb(verb, place.at, here.node, target)
  if (apply === null) return null
  return opened(here, inUnion(twins, target), (value, given) => apply(value, given.pseudonymize))
}

function compileRecord(twins: Twins, place: Place, here: Present): Build | null {
  const { node } = here
  const target = cleanType(place.to)
  if (node.kind !== 'record' || target.kind !== 'record') return alwaysNull
  const fields = compileFields(twins, node, target, place)
  return fields === null ? null : opened(here, inUnion(twins, target), fields)
}

/** The fields of a record, the root included; the lines and what is dropped are seen from the record. */
export function compileFields(
  twins: Twins,
  from: RecordNode,
  to: RecordNode,
  { at, lines, dropped }: Pick<Place, 'at' | 'lines' | 'dropped'>,
): Build | null {
  const builds: { readonly index: number; readonly build: Build }[] = []
  for (const { name, type } of to.fields) {
    const index = from.fields.findIndex((field) => field.name === name)
    const field = from.fields[index]
    const build =
      field === undefined
        ? alwaysNull
        : compilePlace(twins, {
            from: field.type,
            to: type,
            at: [...at, name],
            lines: linesAfter(lines, (rest) => restAfter(rest, name)),
            dropped: droppedAfter(dropped, (rest) => restAfter(rest, name)),
          })
    if (build === null) return null
    builds.push({ index, build })
  }
  return (record, given) =>
    Object.fromEntries(builds.map(({ index, build }, i) => [`f${i}`, build(fieldOf(record, index), given)]))
}

function compileArray(twins: Twins, place: Place, here: Present): Build | null {
  const { node } = here
  const target = cleanType(place.to)
  if (node.kind !== 'array' || target.kind !== 'array') return alwaysNull
  const element = compileElement(twins, node, target, place)
  if (element === null) return null
  const inner = droppedAfter(place.dropped, (rest) => restAfter(rest, ITEMS))
  // The innermost array of the path is the one that loses elements.
  const isListed =
    inner === null || inner.rest.includes(ITEMS)
      ? () => false
      : compileListed(node.items, twins.writer, inner.rest, inner.values)
  if (isListed === null) return null
  return opened(here, inUnion(twins, target), (value, given) =>
    itemsOf(value)
      .filter((item) => given.sensitiveAllowed || !isListed(item))
      .map((item) => element(item, given)),
  )
}

function compileElement(twins: Twins, from: ArrayNode, to: ArrayNode, place: Place): Build | null {
  return compilePlace(twins, {
    from: from.items,
    to: to.items,
    at: [...place.at, ITEMS],
    lines: linesAfter(place.lines, (rest) => restAfter(rest, ITEMS)),
    dropped: droppedAfter(place.dropped, (rest) => restAfter(rest, ITEMS)),
  })
}

/** Keys in the order in which the lines name them, those alone that the record has; of a repeated key the last entry. */
function compileMap(twins: Twins, place: Place, here: Present): Build | null {
  const { node } = here
  const target = cleanType(place.to)
  if (node.kind !== 'map' || target.kind !== 'map') return alwaysNull
  const keys: { readonly key: string; readonly bytes: Buffer; readonly build: Build }[] = []
  for (const key of keysOfLines(place.lines)) {
    const build = compileEntry(twins, node, target, place, key)
    if (build === null) return null
    keys.push({ key, bytes: Buffer.from(key), build })
  }
  return opened(here, inUnion(twins, target), (value, given) => {
    const entries = entriesOf(value)
    const kept = keys.flatMap(({ key, bytes, build }): MapEntry[] => {
      const raw = lastValue(entries, key)
      return raw === undefined ? [] : [{ key: bytes, value: build(raw, given) }]
    })
    return mapOf(kept)
  })
}

function compileEntry(twins: Twins, from: MapNode, to: MapNode, place: Place, key: string): Build | null {
  return compilePlace(twins, {
    from: from.values,
    to: to.values,
    at: [...place.at, keyStep(key)],
    lines: linesAfter(place.lines, (rest) => restAfterKey(rest, key)),
    dropped: droppedAfter(place.dropped, (rest) => restAfterKey(rest, key)),
  })
}

function keysOfLines(lines: readonly Line[]): readonly string[] {
  return [...new Set(lines.flatMap(({ rest }) => keysOf(rest[0] ?? '') ?? []))]
}

/** A clean union is a record with a field for each branch; of one value one field at most is not null. */
function compileBranches(twins: Twins, place: Place): Build | null {
  const target = cleanType(place.to)
  if (target.kind !== 'record') return alwaysNull
  const wrap = inUnion(twins, target)
  const nothing = Object.fromEntries(target.fields.map((_, i) => [`f${i}`, null]))
  const builds: { readonly here: Present; readonly build: Build }[] = []
  for (const text of new Set(place.lines.flatMap(({ rest }) => rest.slice(0, 1)))) {
    const name = branchName(text) ?? ''
    const here = branchAt(place.from, twins.writer, name)
    const index = target.fields.findIndex((field) => field.name === branchField(name))
    const field = target.fields[index]
    if (here === null || field === undefined) continue
    const inner = compilePlace(twins, {
      from: here.node,
      to: field.type,
      at: [...place.at, text],
      lines: linesAfter(place.lines, (rest) => restAfter(rest, text)),
      dropped: droppedAfter(place.dropped, (rest) => restAfter(rest, text)),
    })
    if (inner === null) return null
    builds.push({ here, build: (value, given) => wrap({ ...nothing, [`f${index}`]: inner(value, given) }) })
  }
  return (raw, given) => {
    for (const { here, build } of builds) {
      const value = here.open(raw)
      if (value !== null) return build(value, given)
    }
    return null
  }
}

/** Null stays null; else the value is opened, built, and put into the clean union. */
function opened(here: Present, wrap: (value: TwinValue) => TwinValue, build: Build): Build {
  return (raw, given) => {
    const value = here.open(raw)
    return value === null ? null : wrap(build(value, given))
  }
}

function inUnion(twins: Twins, target: SchemaNode): (value: TwinValue) => TwinValue {
  const key = twins.clean.branchKey(target)
  return (value) => (value === null ? null : { [key]: value })
}

function linesAfter(lines: readonly Line[], after: (rest: Path) => Path | null): readonly Line[] {
  return lines.flatMap(({ rest, verb }) => {
    const left = after(rest)
    return left === null ? [] : [{ rest: left, verb }]
  })
}

function droppedAfter(dropped: Dropped | null, after: (rest: Path) => Path | null): Dropped | null {
  const left = dropped === null ? null : after(dropped.rest)
  return left === null || dropped === null ? null : { rest: left, values: dropped.values }
}
