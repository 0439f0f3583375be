import { type Cursor, readVarint } from '../wire/varint.ts'
import type { Rows } from './rows.ts'

/** A record's headers in their order: a name may come twice, a value may be null. */
export type RecordHeaders = readonly (readonly [name: string, value: Buffer | null])[]

/**
 * Headers of a row that has a value: they stand behind it, and where a value is null `rows` does not know its place. Values
 * are views. Read off the hot path only: an object a header.
 * @throws Error when the bytes are no headers: the walk does not look at them, the broker does before it takes a record
 */
export function recordHeaders(rows: Rows, row: number): RecordHeaders {
  const source = rows.source[row] as Buffer
  const at = rows.valueEnd[row] as number
  if (at < 0) throw new Error('the place of headers is known only where there is a value')
  const cursor = { at }
  const count = readVarint(source, cursor)
  const headers: (readonly [string, Buffer | null])[] = []
  for (let i = 0; i < count; i++) {
    const name = bytesAt(source, cursor)
    if (name === null) throw new Error('a header without a name')
    headers.push([name.toString('utf8'), bytesAt(source, cursor)])
  }
  if (headers.length !== count) throw new Error('a number of headers that can’t be')
  return headers
}

function bytesAt(source: Buffer, cursor: Cursor): Buffer | null {
  const length = readVarint(source, cursor)
  if (length === -1) return null
  const start = cursor.at
  cursor.at += length
  if (!(length >= 0 && cursor.at <= source.length)) throw new Error('a header ends behind its record')
  return source.subarray(start, cursor.at)
}
