import { UnusableSchema } from '../errors.ts'
import type { Field, RecordNode } from './node.ts'

/** Which leaves steer: found by the tags that the contract puts on them. */
export interface Steering {
  /** Fields from the root to the leaf that names the person. */
  readonly subject: readonly Field[]
  /** Ids that must not be empty, for an empty one stands for nobody and the event would be quarantined. */
  readonly ids: ReadonlySet<Field>
}

/**
 * Finds the subject, whose text is the record's key.
 * @throws UnusableSchema when there is not exactly one, a string that is never null
 */
export function steeringOf(root: RecordNode): Steering {
  const subjects = tagged(root, 'subject')
  const [subject] = subjects
  if (subject === undefined || subjects.length > 1) {
    const count = subjects.length === 0 ? 'no leaf has' : 'several leaves have'
    throw new UnusableSchema(`${count} the tag "subject", which says whose event it is`)
  }
  const certain = subject.every(({ node }, i) => node.kind === (i === subject.length - 1 ? 'string' : 'record'))
  if (!certain) throw new UnusableSchema('the leaf with the tag "subject" must be a string that is never null')
  const leaves = [subject, ...tagged(root, 'device')].map((path) => path.at(-1))
  return { subject, ids: new Set(leaves.filter((leaf) => leaf !== undefined)) }
}

/** Paths to all leaves with a tag, their own or that of a record around them. */
function tagged(root: RecordNode, tag: string): Field[][] {
  const found: Field[][] = []
  const open = new Set<RecordNode>()
  const walk = (record: RecordNode, path: readonly Field[], isTagged: boolean): void => {
    if (open.has(record)) return
    open.add(record)
    for (const field of record.fields) {
      const here = [...path, field]
      const holds = isTagged || field.tags.includes(tag)
      const node = field.node.kind === 'optional' ? field.node.node : field.node
      if (node.kind === 'record') walk(node, here, holds)
      else if (holds) found.push(here)
    }
    open.delete(record)
  }
  walk(root, [], false)
  return found
}
