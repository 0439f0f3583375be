/**
 * A value in the form that the encoder takes: a record is `{f0, f1, …}` by the place of its fields, a long a bigint, an
 * optional null or `{<branch>: value}`, a map a map.
 */
export type WireValue = null | boolean | number | bigint | string | Buffer | readonly WireValue[] | WireObject
export interface WireObject {
  readonly [key: string]: WireValue
}

/** Key of a record's field in a WireObject. */
export function fieldKey(index: number): string {
  return `f${index}`
}
