import type { RecordNode, SchemaNode } from '../schema/schema-node.ts'

/** Deeper nesting than any event has. Without a bound, a recursive schema lets one record exhaust the stack. */
export const MAX_DEPTH = 128

/** What must be known of a schema's types before code is made of them. */
export class SchemaFacts {
  readonly #uses = new Map<SchemaNode, number>()
  readonly #heights = new Map<SchemaNode, number>()
  readonly #empty = new Map<SchemaNode, boolean>()
  readonly #weights = new Map<SchemaNode, number>()

  constructor(root: SchemaNode) {
    this.#countUses(root)
  }

  /** A type that stands at several places: a named record, or what is met again below itself. */
  isShared(node: SchemaNode): boolean {
    return below(node).length > 0 && (this.#uses.get(node) ?? 0) > 1
  }

  /** How many levels lie below a value of the type at most: 0 for a leaf, infinity for a recursive type. */
  height(node: SchemaNode): number {
    const known = this.#heights.get(node)
    if (known !== undefined) return known
    // Found again below itself: every type on the way is recursive.
    this.#heights.set(node, Number.POSITIVE_INFINITY)
    const height = below(node).reduce((most, inner) => Math.max(most, 1 + this.height(inner)), 0)
    this.#heights.set(node, height)
    return height
  }

  /**
   * Whether no value of the type takes a byte. Such types are never walked: a few records of records, each naming the
   * one before it twice, would be more steps than there is time, for no byte at all.
   */
  hasNoBytes(node: SchemaNode): boolean {
    if (node.kind === 'null' || (node.kind === 'fixed' && node.size === 0)) return true
    if (node.kind !== 'record') return false
    const known = this.#empty.get(node)
    if (known !== undefined) return known
    this.#empty.set(node, false)
    const empty = node.fields.every((field) => this.hasNoBytes(field.type))
    this.#empty.set(node, empty)
    return empty
  }

  /** About how much code a type is where it stands: one for a leaf, or for a call of what is shared. */
  weight(node: SchemaNode): number {
    return this.isShared(node) ? 1 : this.ownWeight(node)
  }

  /** The same for a shared type's own routine. */
  ownWeight(node: SchemaNode): number {
    const known = this.#weights.get(node)
    if (known !== undefined) return known
    const weight = below(node).reduce((sum, inner) => sum + this.weight(inner), 1)
    this.#weights.set(node, weight)
    return weight
  }

  #countUses(node: SchemaNode): void {
    const uses = this.#uses.get(node) ?? 0
    this.#uses.set(node, uses + 1)
    if (uses === 0) for (const inner of below(node)) this.#countUses(inner)
  }
}

function below(node: SchemaNode): readonly SchemaNode[] {
  switch (node.kind) {
    case 'record':
      return fieldTypes(node)
    case 'union':
      return node.branches
    case 'array':
      return [node.items]
    case 'map':
      return [node.values]
    default:
      return []
  }
}

function fieldTypes(record: RecordNode): SchemaNode[] {
  return record.fields.map((field) => field.type)
}
