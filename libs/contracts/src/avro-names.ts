import { isList, isObject, type Json, type JsonObject, type Pointer } from './json.ts'

/** A record, enum or fixed, and where it is defined. */
export interface NamedType {
  readonly schema: JsonObject
  readonly fullName: string
  readonly pointer?: Pointer
}

/** Every named type of a schema by full name, so that a reference is resolved wherever it stands. */
export function namedTypes(schema: Json): Map<string, NamedType> {
  const named = new Map<string, NamedType>()
  collect(schema, '', [], named)
  return named
}

function collect(schema: Json, namespace: string, pointer: Pointer, named: Map<string, NamedType>): void {
  if (isList(schema)) {
    for (const [i, branch] of schema.entries()) collect(branch, namespace, [...pointer, i], named)
  }
  if (!isObject(schema)) return
  const type = schema['type']
  let inner = namespace
  if (type === 'record' || type === 'enum' || type === 'fixed') {
    const fullName = fullNameOf(schema, namespace)
    inner = fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
    named.set(fullName, { schema, fullName, pointer })
  }
  if (type !== undefined && typeof type !== 'string') collect(type, inner, [...pointer, 'type'], named)
  for (const key of ['items', 'values']) {
    const part = schema[key]
    if (part !== undefined) collect(part, inner, [...pointer, key], named)
  }
  const fields = schema['fields']
  if (!isList(fields)) return
  for (const [i, field] of fields.entries()) {
    const fieldType = isObject(field) ? field['type'] : undefined
    if (fieldType !== undefined) collect(fieldType, inner, [...pointer, 'fields', i, 'type'], named)
  }
}

export function fullNameOf(schema: JsonObject, namespace: string): string {
  const name = typeof schema['name'] === 'string' ? schema['name'].trim() : ''
  if (name.includes('.')) return name
  const own = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace
  return own === '' ? name : `${own}.${name}`
}
