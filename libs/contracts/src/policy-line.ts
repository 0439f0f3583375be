import { containersOf } from './avro.ts'
import type { EventLeaf, EventSchema } from './event-schema.ts'
import type { FileFaults } from './faults.ts'
import type { LocatedEntry } from './located.ts'
import type { Verb } from './model.ts'
import { nearestPath } from './nearest.ts'
import { misfit, parseVerb, type Refusal } from './verbs.ts'

/** One line of a branch: a leaf of the raw schema and what becomes of it. */
export interface NamedLeaf {
  readonly line: number
  readonly leaf: EventLeaf
  readonly verb: Verb
}

/** Reads `path: verb`. Null after adding faults, or when there is no schema to look the path up in. */
export function readLine(
  path: string,
  entry: LocatedEntry,
  branch: 'granted' | 'otherwise',
  context: { schema: EventSchema | null; readList: (file: string) => ReadonlySet<string> | Refusal },
  faults: FileFaults,
): NamedLeaf | null {
  const { line, value } = entry
  const refuse = ({ code, what, mend }: Refusal): null => {
    faults.add(line, code, what, mend)
    return null
  }
  const text = value.kind === 'scalar' ? value.value : null
  if (typeof text !== 'string') {
    const mend = 'Write a verb after the colon, such as keep; what should be stripped is simply not named'
    return refuse({ code: 'WEIR_CONTRACT_BAD_VERB', what: `${path} has no verb`, mend })
  }
  const parsed = parseVerb(text, context.readList)
  const leaf = context.schema === null ? null : findLeaf(path, context.schema)
  if ('refused' in parsed) refuse(parsed.refused)
  if (leaf !== null && 'code' in leaf) return refuse(leaf)
  if (leaf === null || 'refused' in parsed) return null
  const unfit = misfit(parsed.verb, leaf.raw, leaf.enumHasDefault, branch)
  return unfit === null ? { line, leaf, verb: parsed.verb } : refuse(unfit)
}

function findLeaf(path: string, schema: EventSchema): EventLeaf | Refusal {
  if (/[[\]{}<>*]/.test(path)) {
    const what = `${path} goes through an array, a map or a union, which this version of Weir can't do yet`
    return { code: 'WEIR_CONTRACT_NOT_YET', what, mend: 'Leave it out: it is stripped' }
  }
  const leaf = schema.leaves.find((one) => one.name === path)
  if (leaf !== undefined && leaf.field.type.closed === null) return leaf
  const around = schema.leaves.find((one) => path === one.name || path.startsWith(`${one.name}.`))
  if (around === undefined) return unknownPath(path, schema)
  if (around.field.type.closed === null) {
    return {
      code: 'WEIR_CONTRACT_UNKNOWN_FIELD',
      what: `there is nothing inside ${around.name}`,
      mend: `Write ${around.name}`,
    }
  }
  const what = `${around.name} is ${around.field.type.closed}, which this version of Weir can't let through yet`
  return { code: 'WEIR_CONTRACT_NOT_YET', what, mend: 'Leave it out: it is stripped' }
}

function unknownPath(path: string, schema: EventSchema): Refusal {
  const container = containersOf(schema.root).find((one) => one.path.join('.') === path)
  if (container !== undefined) {
    const inside = schema.leaves.filter((leaf) => leaf.name.startsWith(`${path}.`)).map((leaf) => leaf.name)
    const mend = `Name its leaves, one a line: ${inside.join(', ')}`
    return { code: 'WEIR_CONTRACT_NOT_A_LEAF', what: `${path} is a record, and only leaves can be named`, mend }
  }
  const paths = schema.leaves.filter((leaf) => leaf.field.type.closed === null).map((leaf) => leaf.name)
  const like = nearestPath(path, paths)
  const mend = like === null ? `Leaves are: ${paths.join(', ')}` : `Did you mean ${like}?`
  return { code: 'WEIR_CONTRACT_UNKNOWN_FIELD', what: `event.avsc has no ${path}`, mend }
}
