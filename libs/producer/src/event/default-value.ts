import { type Field, isNamed, type SchemaNode } from '../schema/node.ts'

/** Nothing is given for it and nothing can be: the field is required. */
export const REQUIRED = Symbol('required')

/**
 * What stands for a field that an event leaves out, in the form in which an event would give it: its default, else null
 * where null is allowed.
 */
export function valueWhenLeftOut(field: Field): unknown {
  if (field.byDefault !== null) return fromJson(field.node, field.byDefault.json)
  if (field.node.kind === 'optional' || field.node.kind === 'null') return null
  const hasNull = field.node.kind === 'union' && field.node.branches.some((branch) => branch.node.kind === 'null')
  return hasNull ? null : REQUIRED
}

/** Avro 1.12, "Complex Types": a union's default is of its first branch that fits, bytes are text of code points. */
function fromJson(node: SchemaNode, json: unknown): unknown {
  switch (node.kind) {
    case 'bytes':
    case 'fixed':
      return typeof json === 'string' ? Buffer.from(json, 'latin1') : json
    case 'optional':
      return json === null ? null : fromJson(node.node, json)
    case 'union': {
      const branch = node.branches.find((one) => fits(one.node, json))
      if (branch === undefined || branch.node.kind === 'null') return json
      return { [branch.name]: fromJson(branch.node, json) }
    }
    case 'array':
      return Array.isArray(json) ? json.map((item) => fromJson(node.items, item)) : json
    case 'map':
      return isObject(json)
        ? Object.fromEntries(Object.entries(json).map(([key, value]) => [key, fromJson(node.values, value)]))
        : json
    case 'record': {
      if (!isObject(json)) return json
      const given = node.fields.filter((field) => Object.hasOwn(json, field.name))
      return Object.fromEntries(given.map((field) => [field.name, fromJson(field.node, json[field.name])]))
    }
    default:
      return json
  }
}

function fits(node: SchemaNode, json: unknown): boolean {
  if (node.kind === 'null' || json === null) return node.kind === 'null' && json === null
  if (node.kind === 'array') return Array.isArray(json)
  if (node.kind === 'record' || node.kind === 'map') return isObject(json)
  if (node.kind === 'enum') return node.symbols.some((symbol) => symbol === json)
  if (typeof json === 'string') return node.kind === 'string' || node.kind === 'bytes' || node.kind === 'fixed'
  if (typeof json === 'boolean') return node.kind === 'boolean'
  return typeof json === 'number' && !isNamed(node) && node.kind !== 'string' && node.kind !== 'bytes'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
