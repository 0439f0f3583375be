import avro from 'avsc'
import { W1Events } from './events.ts'

/** Encoded events one behind the other in one buffer, as a fetched batch has them; event i is [starts[i], ends[i]). */
export interface Frame {
  readonly bytes: Buffer
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly count: number
}

/** W1's events as plain Avro. @param rawSchema parsed JSON */
export function w1Frame(rawSchema: unknown, count: number, seed: number, nowMs: number): Frame {
  const type = avro.Type.forSchema(rawSchema as avro.Schema)
  const source = new W1Events(seed, nowMs)
  const parts: Buffer[] = []
  const starts = new Int32Array(count)
  const ends = new Int32Array(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    const part = type.toBuffer(source.next())
    parts.push(part)
    starts[i] = at
    at += part.length
    ends[i] = at
  }
  return { bytes: Buffer.concat(parts), starts, ends, count }
}
