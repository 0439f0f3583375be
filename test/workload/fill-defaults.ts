import type avro from 'avsc'

/**
 * A value as people write it by hand, completed for avsc: a field that was left out gets its default, or null where
 * the schema allows null. Nothing else is changed, so that what is wrong stays wrong and is reported.
 */
export function fillDefaults(type: avro.Type, value: unknown): unknown {
  if (value === undefined || value === null) return value
  if (type.typeName.startsWith('union')) return fillUnion(type as avro.types.UnwrappedUnionType, value)
  if (type.typeName === 'array' && Array.isArray(value)) {
    const { itemsType } = type as avro.types.ArrayType
    return value.map((item) => fillDefaults(itemsType, item))
  }
  if (typeof value !== 'object' || Array.isArray(value)) return value
  if (type.typeName === 'map') {
    const { valuesType } = type as avro.types.MapType
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillDefaults(valuesType, item)]))
  }
  if (type.typeName === 'record') return fillRecord(type as avro.types.RecordType, value as Record<string, unknown>)
  return value
}

function fillRecord(type: avro.types.RecordType, value: Record<string, unknown>): Record<string, unknown> {
  const filled: Record<string, unknown> = { ...value }
  for (const field of type.fields) {
    if (filled[field.name] !== undefined) filled[field.name] = fillDefaults(field.type, filled[field.name])
    else {
      const byDefault: unknown = field.defaultValue()
      if (byDefault !== undefined) filled[field.name] = byDefault
      else if (allowsNull(field.type)) filled[field.name] = null
    }
  }
  return filled
}

/** Only a union of null and one type is completed inside: with more branches the right one is not known. */
function fillUnion(type: avro.types.UnwrappedUnionType, value: unknown): unknown {
  const branches = type.types.filter((branch) => branch.typeName !== 'null')
  const [only] = branches
  return only !== undefined && branches.length === 1 ? fillDefaults(only, value) : value
}

function allowsNull(type: avro.Type): boolean {
  return (
    type.typeName.startsWith('union') &&
    (type as avro.types.UnwrappedUnionType).types.some((b) => b.typeName === 'null')
  )
}
