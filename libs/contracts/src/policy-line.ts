import type { EventLeaf, EventSchema } from './event-schema.ts'
import type { FileFaults } from './faults.ts'
import { findLeaf } from './find-leaf.ts'
import { type LocatedEntry, type Spot, spotInside } from './located.ts'
import type { Path, Verb } from './model.ts'
import { type BranchName, fitted } from './verb-fit.ts'
import { parseVerb, type ReadList, type Refusal } from './verbs.ts'

/** One line of a branch: a leaf of the raw schema and what becomes of it. */
export interface NamedLeaf extends Spot {
  readonly path: Path
  readonly leaf: EventLeaf
  readonly verb: Verb
}

export interface LineContext {
  /** Null when the raw schema has faults of its own: then leaves are not checked. */
  readonly schema: EventSchema | null
  readonly readList: ReadList
}

/** Reads `path: verb`. Null after adding faults, or when there is no schema to look the path up in. */
export function readLine(
  text: string,
  entry: LocatedEntry,
  branch: BranchName,
  { schema, readList }: LineContext,
  faults: FileFaults,
): NamedLeaf | null {
  const { line, column, value } = entry
  const scalar = value.kind === 'scalar' ? value : null
  const found = schema === null ? null : findPath(text, entry, schema, faults)
  if (scalar === null || typeof scalar.value !== 'string') {
    const mend = 'Write a verb after the colon, such as keep; what should be stripped is simply not named'
    faults.add(value, 'WEIR_CONTRACT_BAD_VERB', `${text} has no verb`, mend)
    return null
  }
  const verbText = scalar.value.trim()
  const refuse = ({ code, what, mend, offset }: Refusal): null => {
    faults.add(spotInside(scalar, offset ?? 0), code, what, mend)
    return null
  }
  const parsed = parseVerb(verbText, readList)
  if ('refused' in parsed) return refuse(parsed.refused)
  if (found === null) return null
  const { path, leaf } = found
  const verb = fitted(parsed.verb, path, leaf, branch)
  return 'code' in verb ? refuse(verb) : { line, column, path, leaf, verb }
}

/** Looks a path up that stands at `spot`. Null after adding a fault. */
export function findPath(
  text: string,
  spot: Spot,
  schema: EventSchema,
  faults: FileFaults,
): { readonly path: Path; readonly leaf: EventLeaf } | null {
  const found = findLeaf(text, schema)
  if (!('code' in found)) return found
  const at = { line: spot.line, column: spot.column + (found.offset ?? 0) }
  faults.add(at, found.code, found.what, found.mend)
  return null
}
