import type { Branch, BranchLeaf, Sensitive } from '@weir/contracts'
import type { BranchWriter } from '../port.ts'
import type { Marks } from '../read/marks.ts'
import type { Places } from '../read/places.ts'
import { readCleanFor } from '../schema/clean-schema.ts'
import { ITEMS } from '../schema/path-step.ts'
import type { RecordNode } from '../schema/schema-node.ts'
import { type AskRecord, compileAsk, compileWrite, type WriteRecord } from './compile-routines.ts'
import type { FieldRegistry } from './field-registry.ts'
import type { Op } from './plan.ts'
import { planFields } from './plan-place.ts'
import { type Never, type Probe, planCondition, planListed } from './plan-probe.ts'
import { Spot } from './spot.ts'
import { Views } from './views.ts'

/**
 * Compiles one branch over one writer schema: a plan from the clean schema's fields, so that what no branch names has no
 * way in, and of the plan a routine. All places that any of its lines needs are asked for here, before the reader that
 * notes them is compiled.
 * @throws CleanSchemaError when the clean schema and the branch don't fit each other
 */
export function compileBranch(
  root: RecordNode,
  places: Places,
  cleanSchema: unknown,
  branch: Branch,
  fields: FieldRegistry,
): BranchWriter {
  const clean = readCleanFor(branch, cleanSchema)

  const record = new Spot(places.root)
  const plan = (leaves: readonly BranchLeaf[]) => planLines(record, root, clean, branch, leaves, fields)
  const plain = plan(branch.leaves)
  const added = branch.only.map(({ leaves }) => plan(leaves))
  const dropped = planWholeEvent(record, branch.sensitive)
  if (plain === null || added.includes(null) || dropped === null) return unusable

  const events = branch.events.map((is) => planCondition(record, is))
  const passes = compileAsk(events, 'first')
  const isDropped = compileAsk([dropped], 'any')
  const write = compileWrite(record, plain)
  const view = branch.only.length === 0 ? () => write : compileViews(record, places, branch, plan)
  return {
    usable: true,
    write(marks, index, sink, pseudonymizer, sensitiveAllowed) {
      if (!passes(marks, index) || (!sensitiveAllowed && isDropped(marks, index))) return false
      view(marks, index)(marks, index, sink, pseudonymizer, sensitiveAllowed)
      return true
    },
  }
}

const unusable: BranchWriter = {
  usable: false,
  write() {
    throw new TypeError('a branch that is not usable may not write')
  },
}

type PlanLines = (leaves: readonly BranchLeaf[]) => readonly Op[] | null

/** What lines make of a record. Null: one is unusable. */
function planLines(
  record: Spot,
  from: RecordNode,
  to: RecordNode,
  { sensitive }: Pick<Branch, 'sensitive'>,
  leaves: readonly BranchLeaf[],
  fields: FieldRegistry,
): readonly Op[] | null {
  const lines = leaves.map(({ path, verb }) => ({ rest: path, verb }))
  const dropped = sensitive === null ? null : { rest: sensitive.by, values: sensitive.values }
  return planFields({ from: record, at: [], lines, dropped, fields }, from, to)
}

/** Outside arrays `sensitive` leaves out the whole event. Null: its leaf can't be compared. */
function planWholeEvent(record: Spot, sensitive: Sensitive | null): Probe | Never | null {
  if (sensitive === null || sensitive.by.includes(ITEMS)) return 'never'
  return planListed(record, sensitive.by, sensitive.values)
}

/**
 * Which lines an event shows depends on the `only` that hold of it. Its view is compiled from the lines that do, as if
 * the branch had these and no others, when the first such event comes.
 */
function compileViews(
  record: Spot,
  places: Places,
  branch: Branch,
  plan: PlanLines,
): (marks: Marks, index: number) => WriteRecord {
  const conditions = branch.only.map(({ when }): AskRecord => {
    return compileAsk(
      when.map((is) => planCondition(record, is)),
      'first',
    )
  })
  const views = new Views(conditions, (holds) => {
    const { slots } = places
    const lines = branch.only.flatMap(({ leaves }, i) => (holds[i] === true ? leaves : []))
    const ops = plan([...branch.leaves, ...lines])
    if (ops === null) throw new Error('lines that compile one by one compile together')
    if (places.slots !== slots) throw new Error('lines together need no other places than one by one')
    return compileWrite(record, ops)
  })
  return (marks, index) => views.of(marks, index)
}
