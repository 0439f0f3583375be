/** A value of an Avro type: what events are while the commands hold them. Longs are bigints, so that none loses a bit. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | readonly Value[]
  | MapValue
  | RecordValue
  | UnionValue

export interface MapValue {
  readonly is: 'map'
  readonly entries: ReadonlyMap<string, Value>
}

export interface RecordValue {
  readonly is: 'record'
  readonly fields: ReadonlyMap<string, Value>
}

/** Of a union of several types; null is its own value, and a union of null and one other has no wrapper. */
export interface UnionValue {
  readonly is: 'union'
  /** Index in the union. */
  readonly branch: number
  readonly value: Value
}

export function isPart<T extends 'map' | 'record' | 'union'>(
  value: Value | undefined,
  is: T,
): value is Extract<Value, { readonly is: T }> {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && 'is' in value && value.is === is
}
