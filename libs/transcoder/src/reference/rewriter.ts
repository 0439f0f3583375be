import type { Branch, BranchLeaf } from '@weir/contracts'
import { FaultCode, RewriteFault } from '../faults.ts'
import { readCleanFor } from '../schema/clean-schema.ts'
import { ITEMS } from '../schema/path-step.ts'
import type { RecordNode } from '../schema/schema-node.ts'
import { readWriterSchema } from '../schema/writer-schema.ts'
import { type Twin, type TwinValue, twinIfReadable, twinOf } from './avro-twin.ts'
import { type Build, compileFields, type Twins } from './build-place.ts'
import { type Condition, compileCondition } from './condition.ts'
import { compileListed, type IsListed } from './listed.ts'
import type { Rewriter } from './port.ts'
import { checkWhole } from './whole-record.ts'

/**
 * The reference rewriter: decodes, filters, encodes. Slow and plain, so that the compiled transcoder can be tested
 * against it. It builds the clean record from the clean schema's fields, never by taking leaves away from the raw
 * one: what no branch names has no way in. What each part of a branch means is in this library's README.
 *
 * A writer schema that has a named leaf in a type that the verb can't turn into the clean one, or `sensitive`'s leaf in
 * one that can't be compared, gives a rewriter whose every record is the fault `unusableSchema`.
 *
 * @param writerSchema parsed JSON, as the registry has it @param cleanSchema parsed JSON, derived from the contract
 * @param contractSchema parsed JSON, whose aliases name what older writers call otherwise
 * @throws CleanSchemaError when the clean schema and the branch don't fit each other
 */
export function compileRewriter(
  writerSchema: unknown,
  cleanSchema: unknown,
  branch: Branch,
  contractSchema?: unknown,
): Rewriter {
  const clean = readCleanFor(branch, cleanSchema)
  const writer = readWriter(writerSchema, contractSchema)
  if (writer === null) return unusableRewriter
  const twins = { writer: writer.twin, clean: twinOf(clean) }
  const compile = (leaves: readonly BranchLeaf[]) => compileLeaves(twins, writer.root, clean, branch, leaves)
  const views = viewsOf(writer, branch, compile)
  const isDropped = wholeEventListed(writer, branch)
  if (views === null || isDropped === null) return unusableRewriter
  const passes = compileCondition(writer.root, writer.twin, branch.events)

  return {
    rewrite(bytes, start, end, pseudonymize, sensitiveAllowed) {
      const fault = checkWhole(writer.root, bytes, start, end)
      if (fault !== FaultCode.ok) throw new RewriteFault(fault)
      const record = writer.twin.decode(bytes.subarray(start, end))
      if (!passes(record) || (!sensitiveAllowed && isDropped(record))) return null
      return twins.clean.encode(views(record)(record, { pseudonymize, sensitiveAllowed }))
    },
  }
}

const unusableRewriter: Rewriter = {
  rewrite() {
    throw new RewriteFault(FaultCode.unusableSchema)
  },
}

interface Writer {
  readonly root: RecordNode
  readonly twin: Twin
}

function readWriter(schema: unknown, contractSchema: unknown): Writer | null {
  const root = readWriterSchema(schema, contractSchema)
  const twin = root === null ? null : twinIfReadable(root)
  return root === null || twin === null ? null : { root, twin }
}

type Compile = (leaves: readonly BranchLeaf[]) => Build | null

/** More than any contract has in use at once; beyond it they are compiled again. */
const MOST_VIEWS = 64

/**
 * Which lines an event shows depends on the `only` that hold of it. Its view is compiled from the lines that do, as if
 * the branch had these and no others. Null: a line is unusable.
 */
function viewsOf(writer: Writer, branch: Branch, compile: Compile): ((record: TwinValue) => Build) | null {
  const plain = compile(branch.leaves)
  if (plain === null || branch.only.some(({ leaves }) => compile(leaves) === null)) return null
  if (branch.only.length === 0) return () => plain

  const conditions = branch.only.map(({ when }): Condition => compileCondition(writer.root, writer.twin, when))
  const views = new Map<string, Build>()
  return (record) => {
    const holds = conditions.map((condition) => condition(record))
    const name = holds.join()
    const known = views.get(name)
    if (known !== undefined) return known
    if (views.size >= MOST_VIEWS) views.clear()
    const added = branch.only.flatMap(({ leaves }, i) => (holds[i] === true ? leaves : []))
    const view = compile([...branch.leaves, ...added])
    if (view === null) throw new Error('lines that compile one by one compile together')
    views.set(name, view)
    return view
  }
}

function compileLeaves(
  twins: Twins,
  from: RecordNode,
  to: RecordNode,
  { sensitive }: Branch,
  leaves: readonly BranchLeaf[],
): Build | null {
  const lines = leaves.map(({ path, verb }) => ({ rest: path, verb }))
  const dropped = sensitive === null ? null : { rest: sensitive.by, values: sensitive.values }
  return compileFields(twins, from, to, { at: [], lines, dropped })
}

/** Outside arrays `sensitive` leaves out the whole event. Null: its leaf can't be compared. */
function wholeEventListed({ root, twin }: Writer, { sensitive }: Branch): IsListed | null {
  if (sensitive === null || sensitive.by.includes(ITEMS)) return () => false
  return compileListed(root, twin, sensitive.by, sensitive.values)
}
