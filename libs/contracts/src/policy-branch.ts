import { type Condition, readConditions } from './conditions.ts'
import type { FileFaults } from './faults.ts'
import type { Keys } from './keys.ts'
import type { Located, LocatedMap } from './located.ts'
import { pathText, singlePaths } from './path.ts'
import { type LineContext, type NamedLeaf, readLine } from './policy-line.ts'
import type { BranchName } from './verb-fit.ts'

/** One entry of `only`: leaves that pass beside the others when all conditions hold. */
export interface OnlyLines {
  readonly when: readonly Condition[]
  readonly leaves: readonly NamedLeaf[]
}

/** The lines of `granted` or `otherwise`, in source order. Null after adding a fault. */
export function readBranch(
  keys: Keys,
  branch: BranchName,
  context: LineContext,
  faults: FileFaults,
): NamedLeaf[] | null {
  const found = keys.raw(branch)
  if (found === null) return null
  if (found.value.kind !== 'map' || found.value.entries.size === 0) {
    const end = branch === 'granted' ? '' : ', or take "otherwise" out: then nothing is published'
    faults.add(
      found,
      'WEIR_CONTRACT_BAD_VALUE',
      `"${branch}" names no leaves`,
      `Write "path: verb", one line a leaf${end}`,
    )
    return null
  }
  const lines = readLines(found.value, branch, context, faults)
  const named = new Map<string, NamedLeaf>()
  for (const line of lines) refuseTwice(line, named, faults)
  return inSourceOrder(lines, context)
}

/** Reads `only`, whose `when` leaves must be kept by `granted`. */
export function readOnly(
  value: Located,
  granted: readonly NamedLeaf[],
  context: LineContext,
  faults: FileFaults,
): OnlyLines[] {
  if (value.kind !== 'list' || value.items.length === 0) {
    const mend = 'Write a list: "- when: {path: constant}", and below it "path: verb", one line a leaf'
    faults.add(value, 'WEIR_CONTRACT_BAD_VALUE', '"only" is no list', mend)
    return []
  }
  const always = new Map<string, NamedLeaf>()
  for (const line of granted) for (const path of singlePaths(line.path)) always.set(pathText(path), line)
  const sometimes = new Map<string, NamedLeaf>()
  return value.items.flatMap((item) => {
    const entry = readEntry(item, context, faults)
    if (entry === null) return []
    for (const condition of entry.when) checkKept(condition, granted, faults)
    for (const line of entry.leaves) refuseAgain(line, always, sometimes, faults)
    return [entry]
  })
}

function readEntry(item: Located, context: LineContext, faults: FileFaults): OnlyLines | null {
  const when = item.kind === 'map' ? item.entries.get('when') : undefined
  if (item.kind !== 'map' || when?.value.kind !== 'map' || when.value.entries.size === 0) {
    const mend = 'Begin it with "when: {path: constant}"'
    faults.add(when ?? item, 'WEIR_CONTRACT_CONDITION', 'an entry of "only" does not say when it holds', mend)
    return null
  }
  const rest: LocatedMap = { ...item, entries: new Map([...item.entries].filter(([key]) => key !== 'when')) }
  if (rest.entries.size === 0) {
    faults.add(item, 'WEIR_CONTRACT_BAD_VALUE', 'an entry of "only" adds no leaves', 'Write "path: verb" below "when"')
    return null
  }
  const leaves = inSourceOrder(readLines(rest, 'granted', context, faults), context)
  const conditions = context.schema === null ? [] : readConditions(when.value, context.schema, faults)
  return { when: conditions, leaves }
}

/** Otherwise the leaves that are added or missing would tell what `when` hides. */
function checkKept(condition: Condition, granted: readonly NamedLeaf[], faults: FileFaults): void {
  const name = pathText(condition.is.path)
  if (granted.some((line) => line.verb.kind === 'keep' && pathText(line.path) === name)) return
  const what = `"when" asks for ${name}, which "granted" does not keep`
  faults.add(
    condition,
    'WEIR_CONTRACT_CONDITION',
    what,
    `Add the line "${name}: keep" to "granted", or ask for another leaf`,
  )
}

function readLines(map: LocatedMap, branch: BranchName, context: LineContext, faults: FileFaults): NamedLeaf[] {
  const lines = [...map.entries].map(([path, entry]) => readLine(path, entry, branch, context, faults))
  return lines.filter((line) => line !== null)
}

/** Two lines may go through one map, with different keys. */
function refuseTwice(line: NamedLeaf, named: Map<string, NamedLeaf>, faults: FileFaults): void {
  for (const path of singlePaths(line.path).map(pathText)) {
    const other = named.get(path)
    if (other !== undefined) addTwice(line, path, other, faults)
    named.set(path, line)
  }
}

/** Two entries of `only` may both hold for an event, so they must agree. */
function refuseAgain(
  line: NamedLeaf,
  always: ReadonlyMap<string, NamedLeaf>,
  sometimes: Map<string, NamedLeaf>,
  faults: FileFaults,
): void {
  for (const path of singlePaths(line.path).map(pathText)) {
    const shown = always.get(path)
    const other = sometimes.get(path)
    if (shown !== undefined) addTwice(line, path, shown, faults)
    else if (other !== undefined && !sameVerb(other, line)) {
      const what = `${path} has another verb on line ${other.line}, and both may hold for one event`
      faults.add(line, 'WEIR_CONTRACT_NAMED_TWICE', what, 'Write the same verb in both')
    }
    sometimes.set(path, line)
  }
}

function sameVerb(a: NamedLeaf, b: NamedLeaf): boolean {
  return JSON.stringify(a.verb) === JSON.stringify(b.verb)
}

function addTwice(line: NamedLeaf, path: string, other: NamedLeaf, faults: FileFaults): void {
  faults.add(
    line,
    'WEIR_CONTRACT_NAMED_TWICE',
    `${path} is already named on line ${other.line}`,
    'Take one of the two out',
  )
}

function inSourceOrder(lines: readonly NamedLeaf[], { schema }: LineContext): NamedLeaf[] {
  const order = schema?.leaves ?? []
  return lines.toSorted((a, b) => order.indexOf(a.leaf) - order.indexOf(b.leaf))
}
