import { branchOf, type Node, only, type RecordNode } from '../avro/node.ts'
import type { Value } from '../avro/values.ts'
import type { Line } from '../contract/contract.ts'
import { branchName, ITEMS, keyOf, type Path, pathText } from '../contract/path.ts'
import { find, isMentioned, lastEntry, openBranch } from './find.ts'
import { canonicalOf, changeBy } from './values-by-verb.ts'

/** What is said of one record beside its bytes. */
export interface Given {
  /** @param place path of the leaf, one key of a map each */
  readonly pseudonymize: (place: string, canonical: Buffer) => string
  readonly sensitiveAllowed: boolean
}

/** The clean value of a place from the writer's value of it. */
export type Build = (raw: Value, given: Given) => Value

/** The writer's type of a leaf can't become the clean one: all its records are quarantined. */
export class Unusable extends Error {
  override readonly name = 'Unusable'
}

interface Sensitive {
  readonly by: Path
  readonly values: ReadonlySet<string>
}

/** From the clean schema down, so that what no line names has no way in. @throws Unusable */
export function buildRecord(
  from: RecordNode,
  to: RecordNode,
  lines: readonly Line[],
  sensitive: Sensitive | null,
  at: Path = [],
): Build {
  const fields = to.fields.map(({ name, type }) => {
    const index = from.fields.findIndex((field) => field.name === name)
    const field = from.fields[index]
    if (field === undefined) return { index: -1, build: nothing }
    const build = buildPlace(field.type, type, [...at, name], after(lines, name), dropAfter(sensitive, name))
    return { index, build }
  })
  return (raw, given) => fields.map(({ index, build }) => build((raw as readonly Value[])[index] ?? null, given))
}

const nothing: Build = () => null

function buildPlace(from: Node, place: Node, at: Path, lines: readonly Line[], sensitive: Sensitive | null): Build {
  const [first] = lines
  const to = only(place)
  if (first === undefined || to === null) return nothing
  const [step] = first.path
  if (step !== undefined && branchName(step) !== null) return buildBranches(from, to, at, lines, sensitive)
  const here = only(from)
  if (here === null) return nothing
  if (step === undefined) return unlessNull(leaf(here, to, at, first))
  if (keyOf(step) !== null) return unlessNull(buildMap(here, to, at, lines, sensitive))
  if (step === ITEMS) return unlessNull(buildArray(here, to, at, lines, sensitive))
  if (here.kind !== 'record' || to.kind !== 'record') return nothing
  return unlessNull(buildRecord(here, to, lines, sensitive, at))
}

function unlessNull(build: Build): Build {
  return (raw, given) => (raw === null ? null : build(raw, given))
}

function leaf(from: Node, to: Node, at: Path, { verb }: Line): Build {
  if (verb.kind === 'pseudonymize') {
    const canonical = canonicalOf(from)
    if (canonical === null || to.kind !== 'string') throw new Unusable()
    const place = pathText(at)
    return (raw, given) => Buffer.from(given.pseudonymize(place, canonical(raw)))
  }
  const change = changeBy(verb, from, to)
  if (change === null) throw new Unusable()
  return change
}

/** `sensitive` takes elements out of the innermost array of its path. */
function buildArray(from: Node, to: Node, at: Path, lines: readonly Line[], sensitive: Sensitive | null): Build {
  if (from.kind !== 'array' || to.kind !== 'array') return nothing
  const inner = dropAfter(sensitive, ITEMS)
  const element = buildPlace(from.items, to.items, [...at, ITEMS], after(lines, ITEMS), inner)
  const isListed = inner === null || inner.by.includes(ITEMS) ? () => false : listed(from.items, inner)
  return (raw, given) =>
    (raw as readonly Value[])
      .filter((item) => given.sensitiveAllowed || !isListed(item))
      .map((item) => element(item, given))
}

function buildMap(from: Node, to: Node, at: Path, lines: readonly Line[], sensitive: Sensitive | null): Build {
  if (from.kind !== 'map' || to.kind !== 'map') return nothing
  const steps = [...new Set(lines.flatMap(({ path }) => path.slice(0, 1)))]
  const keys = steps.map((step) => ({
    key: keyOf(step) ?? '',
    build: buildPlace(from.values, to.values, [...at, step], after(lines, step), dropAfter(sensitive, step)),
  }))
  return (raw, given) => ({
    entries: keys.flatMap(({ key, build }) =>
      lastEntry(raw, key).map((value) => [Buffer.from(key), build(value, given)] as const),
    ),
  })
}

/** A union is a record with a field for each branch that is named, one of them at most not null. */
function buildBranches(from: Node, to: Node, at: Path, lines: readonly Line[], sensitive: Sensitive | null): Build {
  if (to.kind !== 'record') return nothing
  const steps = [...new Set(lines.flatMap(({ path }) => path.slice(0, 1)))]
  const branches = steps.flatMap((step) => {
    const name = branchName(step) ?? ''
    const node = branchOf(from, name)
    const index = to.fields.findIndex((field) => field.name === name.replaceAll('.', '_'))
    const field = to.fields[index]
    if (node === null || field === undefined) return []
    const build = buildPlace(node, field.type, [...at, step], after(lines, step), dropAfter(sensitive, step))
    return [{ node, index, build }]
  })
  return (raw, given) => {
    for (const { node, index, build } of branches) {
      const [value] = openBranch(from, node, raw)
      if (value !== undefined && value !== null)
        return to.fields.map((_, i) => (i === index ? build(value, given) : null))
    }
    return null
  }
}

/** Whether a value below the place has a listed value. @throws Unusable when it has one that can't be compared */
export function listed(place: Node, { by, values }: Sensitive): (value: Value) => boolean {
  const found = find(place, by)
  if (found === null) {
    if (isMentioned(place, by)) throw new Unusable()
    return () => false
  }
  const { node } = found
  if (node.kind === 'string')
    return (value) => found.all(value).some((one) => values.has((one as Buffer).toString('utf8')))
  if (node.kind === 'enum')
    return (value) => found.all(value).some((one) => values.has(node.symbols[one as number] ?? ''))
  if (node.kind === 'int' || node.kind === 'long')
    return (value) => found.all(value).some((one) => values.has(String(one)))
  throw new Unusable()
}

function after(lines: readonly Line[], step: string): Line[] {
  return lines.filter(({ path }) => path[0] === step).map(({ path, verb }) => ({ path: path.slice(1), verb }))
}

function dropAfter(sensitive: Sensitive | null, step: string): Sensitive | null {
  return sensitive?.by[0] === step ? { by: sensitive.by.slice(1), values: sensitive.values } : null
}
