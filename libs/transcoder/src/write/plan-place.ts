import { branchName, keysOf, type Path, type Verb } from '@weir/contracts'
import { Places } from '../read/places.ts'
import { branchField, cleanType } from '../schema/clean-schema.ts'
import { ITEMS, keyStep, readStep, restAfter, restAfterKey } from '../schema/path-step.ts'
import { branchAt, type Present, presentAt } from '../schema/present.ts'
import type { ArrayNode, MapNode, RecordNode, SchemaNode } from '../schema/schema-node.ts'
import type { FieldRegistry } from './field-registry.ts'
import { type EntryOp, inSequence, isSame, NULL_PLACE, type Op, presentPlace, whereBranch } from './plan.ts'
import { planLeaf } from './plan-leaf.ts'
import { type Never, type Probe, planListed } from './plan-probe.ts'
import { Spot } from './spot.ts'

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

interface Task {
  readonly from: Spot
  /** The clean type, with null. */
  readonly to: SchemaNode
  /** From the root; one key of a map a step. */
  readonly at: Path
  readonly lines: readonly Line[]
  readonly dropped: Dropped | null
  readonly fields: FieldRegistry
}

/**
 * Plans what the lines of a branch make of one place, from the clean type down: what no line names has no way in, and
 * a container that no line leads into is null. So is one that the writer schema has in a form that the lines do not go
 * through, such as a union of several types where they name no branch.
 * @returns null when a named leaf can't be turned into its clean type: the writer schema is unusable
 */
function planPlace(task: Task): readonly Op[] | null {
  const [first] = task.lines
  if (first === undefined) return NULL_PLACE
  const [text] = first.rest
  if (text !== undefined && readStep(text).kind === 'branch') return planBranches(task)

  const here = presentAt(task.from.node)
  if (here === null) return NULL_PLACE
  const then = text === undefined ? planVerb(task, here, first.verb) : planContainer(task, here, text)
  return then === null || then === NULL_PLACE ? then : whereBranch(task.from, here.index, then)
}

function planVerb({ from, to, at, fields }: Task, here: Present, verb: Verb): readonly Op[] | null {
  return planLeaf(verb, at, from.inside(here.index), cleanType(to), fields)
}

/** NULL_PLACE where the writer schema has something else than the step leads through. */
function planContainer(task: Task, { node, index }: Present, step: string): readonly Op[] | null {
  const target = cleanType(task.to)
  const from = task.from.inside(index)
  switch (readStep(step).kind) {
    case 'items':
      return node.kind === 'array' && target.kind === 'array' ? planArray(task, from, node, target) : NULL_PLACE
    case 'keys':
      return node.kind === 'map' && target.kind === 'map' ? planMap(task, from, node, target) : NULL_PLACE
    default: {
      if (node.kind !== 'record' || target.kind !== 'record') return NULL_PLACE
      const fields = planFields({ ...task, from }, node, target)
      return fields === null ? null : presentPlace(fields)
    }
  }
}

/** The fields of a record, the root included; the lines and what is dropped are seen from the record. */
export function planFields(task: Omit<Task, 'to'>, from: RecordNode, to: RecordNode): readonly Op[] | null {
  const ops: Op[] = []
  for (const { name, type } of to.fields) {
    const index = from.fields.findIndex((field) => field.name === name)
    const field =
      index < 0
        ? NULL_PLACE
        : planPlace(below(task, name, task.from.field(index), type, (rest) => restAfter(rest, name)))
    if (field === null) return null
    ops.push(...field)
  }
  return inSequence(ops)
}

function planArray(task: Task, from: Spot, node: ArrayNode, target: ArrayNode): readonly Op[] | null {
  // Asked for also where it is not needed: lines that hold together may copy what they don't one by one.
  const { start, end } = from
  const element = new Places(node.items)
  const spot = new Spot(element.root)
  const inElement = (rest: Path): Path | null => restAfter(rest, ITEMS)
  const body = planPlace(below(task, ITEMS, spot, target.items, inElement))
  if (body === null) return null
  const dropped = planDropped(spot, after(task.dropped, inElement))
  if (dropped === null) return null
  const [only, ...more] = body
  const isWhole =
    dropped === 'never' &&
    only?.kind === 'copy' &&
    more.length === 0 &&
    isSame(only.start, spot.start) &&
    isSame(only.end, spot.end)
  if (isWhole) return presentPlace([{ kind: 'copy', start, end, size: null }])
  return presentPlace([{ kind: 'array', at: start, element, body, dropped: dropped === 'never' ? null : dropped }])
}

/** The innermost array of the path is the one that loses elements. */
function planDropped(element: Spot, inner: Dropped | null): Probe | Never | null {
  return inner === null || inner.rest.includes(ITEMS) ? 'never' : planListed(element, inner.rest, inner.values)
}

/** Keys in the order in which the lines name them, those alone that the record has; of a repeated key the last entry. */
function planMap(task: Task, from: Spot, node: MapNode, target: MapNode): readonly Op[] | null {
  const entries: EntryOp[] = []
  for (const key of new Set(task.lines.flatMap(({ rest }) => keysOf(rest[0] ?? '') ?? []))) {
    const value = new Places(node.values)
    const spot = new Spot(value.root)
    const body = planPlace(below(task, keyStep(key), spot, target.values, (rest) => restAfterKey(rest, key)))
    if (body === null) return null
    entries.push({ key: Buffer.from(key), value, body })
  }
  return presentPlace([{ kind: 'map', at: from.start, values: node.values, entries }])
}

/** A clean union is a record with a field for each branch; of one value one field at most is not null. */
function planBranches(task: Task): readonly Op[] | null {
  const target = cleanType(task.to)
  if (target.kind !== 'record') return NULL_PLACE
  const found: { readonly here: Present; readonly ops: readonly Op[] }[] = []
  for (const text of new Set(task.lines.flatMap(({ rest }) => rest.slice(0, 1)))) {
    const name = branchName(text) ?? ''
    const here = branchAt(task.from.node, name)
    const fieldName = branchField(name)
    const field = target.fields.find((one) => one.name === fieldName)
    if (here === null || field === undefined) continue
    const inside = task.from.inside(here.index)
    const inner = planPlace(below(task, text, inside, field.type, (rest) => restAfter(rest, text)))
    if (inner === null) return null
    found.push({ here, ops: presentPlace(target.fields.flatMap((one) => (one === field ? inner : NULL_PLACE))) })
  }
  const { start } = task.from
  // The first that has the branch counts.
  return found.reduceRight<readonly Op[]>((otherwise, { here: { index }, ops }) => {
    return index === null ? ops : [{ kind: 'choose', at: start, index, held: ops, otherwise }]
  }, NULL_PLACE)
}

/** The same task one step below. */
function below(
  task: Omit<Task, 'to'>,
  step: string,
  from: Spot,
  to: SchemaNode,
  left: (rest: Path) => Path | null,
): Task {
  const lines = task.lines.flatMap(({ rest, verb }): Line[] => {
    const inner = left(rest)
    return inner === null ? [] : [{ rest: inner, verb }]
  })
  return { from, to, at: [...task.at, step], lines, dropped: after(task.dropped, left), fields: task.fields }
}

function after(dropped: Dropped | null, left: (rest: Path) => Path | null): Dropped | null {
  const rest = dropped === null ? null : left(dropped.rest)
  return rest === null || dropped === null ? null : { rest, values: dropped.values }
}
