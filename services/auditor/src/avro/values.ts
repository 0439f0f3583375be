/**
 * Avro values as the bytes have them, so that nothing is rounded or mended: text, bytes, fixed, floats and doubles as
 * their bytes, longs as bigint, enums as their symbol's index, records as lists of fields, maps as lists of entries. A
 * union of null and one type has that type's value or null; other unions say their branch.
 */
export type Value = null | boolean | number | bigint | Buffer | readonly Value[] | Entries | Chosen

export interface Entries {
  readonly entries: readonly (readonly [key: Buffer, value: Value])[]
}

export interface Chosen {
  readonly branch: number
  readonly value: Value
}

export function isChosen(value: Value): value is Chosen {
  return typeof value === 'object' && value !== null && 'branch' in value
}

export function isEntries(value: Value): value is Entries {
  return typeof value === 'object' && value !== null && 'entries' in value
}
