import type { Path } from '@weir/contracts'
import { isTwinRecord, type Twin, type TwinValue } from './avro-twin.ts'
import type { SchemaNode } from './schema-node.ts'

/** A leaf or container of the writer schema, found by its path. */
export interface Found {
  /** Its type without null. */
  readonly node: SchemaNode
  /** Its value in a record: null when it or a container above it is null. */
  read(record: TwinValue): TwinValue
}

/**
 * Finds a path in a schema. Null when it is not there: a field that this version of the schema lacks, a path through
 * something that is no record, or a union of several types, which a plain path does not address.
 */
export function findPath(root: SchemaNode, twin: Twin, path: Path): Found | null {
  let node = root
  const steps: Step[] = []
  for (const name of path) {
    if (node.kind !== 'record') return null
    const index = node.fields.findIndex((field) => field.name === name)
    const field = node.fields[index]
    const inner = field === undefined ? null : withoutNull(field.type)
    if (inner === null) return null
    node = inner.node
    steps.push({ field: `f${index}`, branch: inner.nullable ? twin.branchKey(node) : null })
  }
  return { node, read: (record) => steps.reduce(follow, record) }
}

interface Step {
  readonly field: string
  /** Set for a nullable field: under what the value stands in its union. */
  readonly branch: string | null
}

function follow(value: TwinValue, step: Step): TwinValue {
  if (!isTwinRecord(value)) return null
  const inner = value[step.field] ?? null
  if (step.branch === null || inner === null) return inner
  return isTwinRecord(inner) ? (inner[step.branch] ?? null) : null
}

/** The type itself, or the other one of a union with null. Null for null alone and for unions of several types. */
export function withoutNull(node: SchemaNode): { node: SchemaNode; nullable: boolean } | null {
  if (node.kind !== 'union') return node.kind === 'null' ? null : { node, nullable: false }
  const others = node.branches.filter((branch) => branch.kind !== 'null')
  const [other] = others
  return other === undefined || others.length > 1 ? null : { node: other, nullable: true }
}
