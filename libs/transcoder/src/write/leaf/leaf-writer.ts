/** Writes what a verb makes of one leaf, which is not null: its union's index and the clean value, or the index of null. */
export interface LeafWriter {
  /** At most so many bytes are written beyond as many as the value has. */
  readonly growth: number
  /** @returns where the next byte goes */
  readonly write: WriteLeaf
}

/** The value is bytes [start, end) of `from`, in canonical Avro of the writer's type. There is room for the result. */
export type WriteLeaf = (from: Buffer, start: number, end: number, out: Buffer, at: number) => number

/** Index of null in each union of a clean schema, and of the type beside it, as bytes. */
export const NULL = 0
export const PRESENT = 2

/** Growth of what is at most an index and a long. */
export const INDEX_AND_LONG = 11

export function writeNull(out: Buffer, at: number): number {
  out[at] = NULL
  return at + 1
}

/** Writes bytes that were encoded beforehand; null for null. */
export function writeEncoded(encoded: Buffer | null, out: Buffer, at: number): number {
  if (encoded === null) return writeNull(out, at)
  out[at++] = PRESENT
  for (let i = 0; i < encoded.length; i++) out[at + i] = encoded[i] as number
  return at + encoded.length
}
