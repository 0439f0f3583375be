import type { FieldNode, RecordNode, SchemaNode } from './schema-node.ts'

/**
 * A writer schema with the names of the contract's: a field or type that goes by one of the contract's aliases gets the
 * name that the contract has for it (Avro 1.12, "Aliases": the writer's schema is rewritten by the reader's aliases). What
 * the bytes mean stays as it is.
 */
export function renamed(writer: RecordNode, contract: RecordNode): RecordNode {
  return new Renaming().record(writer, contract)
}

class Renaming {
  /** A type may stand at several places, and in itself. */
  readonly #made = new Map<RecordNode, Map<RecordNode, RecordNode>>()

  record(from: RecordNode, to: RecordNode): RecordNode {
    const made = this.#made.get(from) ?? new Map<RecordNode, RecordNode>()
    this.#made.set(from, made)
    const known = made.get(to)
    if (known !== undefined) return known
    const fields: FieldNode[] = []
    const node: RecordNode = { ...from, name: typeName(from, to), fields }
    made.set(to, node)
    const taken = new Set(from.fields.map(({ name }) => name))
    for (const field of from.fields) {
      const target = targetOf(field, to, taken)
      if (target === undefined) fields.push(field)
      else fields.push({ ...field, name: target.name, type: this.#type(field.type, target.type) })
    }
    return node
  }

  #type(from: SchemaNode, to: SchemaNode): SchemaNode {
    if (from.kind === 'union') {
      return { kind: 'union', branches: from.branches.map((branch) => this.#type(branch, to)) }
    }
    const target = to.kind === 'union' ? to.branches.find((branch) => isSameType(from, branch)) : to
    if (target === undefined) return from
    if (from.kind === 'record' && target.kind === 'record') return this.record(from, target)
    if (from.kind === 'array' && target.kind === 'array')
      return { ...from, items: this.#type(from.items, target.items) }
    if (from.kind === 'map' && target.kind === 'map') return { ...from, values: this.#type(from.values, target.values) }
    if (from.kind === 'enum' && target.kind === 'enum') return { ...from, name: typeName(from, target) }
    if (from.kind === 'fixed' && target.kind === 'fixed') return { ...from, name: typeName(from, target) }
    return from
  }
}

/** The contract's field that a writer's is: by its name, else by an alias, unless the writer has one of that name too. */
function targetOf({ name }: FieldNode, to: RecordNode, taken: Set<string>): FieldNode | undefined {
  const same = to.fields.find((field) => field.name === name)
  if (same !== undefined) return same
  const target = to.fields.find((field) => field.aliases?.includes(name) === true && !taken.has(field.name))
  // Of two old names for one field the first is it.
  if (target !== undefined) taken.add(target.name)
  return target
}

type Named = Extract<SchemaNode, { readonly name: string }>

function typeName(from: Named, to: Named): string {
  return to.aliases?.includes(from.name) === true ? to.name : from.name
}

/** Whether a type is this branch of the contract's union: of named ones by name or alias, else by kind. */
function isSameType(from: SchemaNode, branch: SchemaNode): boolean {
  if (from.kind !== branch.kind) return false
  if (!('name' in from) || !('name' in branch)) return true
  return from.name === branch.name || branch.aliases?.includes(from.name) === true
}
