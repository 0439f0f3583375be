import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MalformedResponse } from '../errors.ts'
import { FrameReader } from './frame-reader.ts'

/** As a socket does: fills the given buffer with as much as fits, or less. */
function feed(reader: FrameReader, stream: Buffer, sizes: readonly number[]): void {
  let at = 0
  for (let i = 0; at < stream.length; i++) {
    const target = reader.buffer()
    const bytes = Math.min(target.length, stream.length - at, sizes[i % sizes.length] ?? 1)
    stream.copy(target, 0, at, at + bytes)
    reader.received(bytes)
    at += bytes
  }
}

test('Frames come out whole and in order, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 4, max: 200_000 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 150_000 }), { minLength: 1, maxLength: 5 }),
      (lengths, sizes) => {
        const frames = lengths.map((length, i) => Buffer.alloc(length, i + 1))
        const stream = frames.flatMap((frame) => {
          const prefix = Buffer.alloc(4)
          prefix.writeInt32BE(frame.length)
          return [prefix, frame]
        })
        const out: Buffer[] = []
        const reader = new FrameReader((frame) => out.push(frame))
        feed(reader, Buffer.concat(stream), [1, ...sizes])
        expect(out.map((f) => f.length)).toEqual(lengths)
        expect(out.every((frame, i) => frame.equals(frames[i] ?? Buffer.alloc(0)))).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
})

test('A length that no Kafka frame has is refused', () => {
  for (const length of [-1, 0, 0x7fffffff]) {
    const reader = new FrameReader(() => undefined)
    reader.buffer().writeInt32BE(length)
    expect(() => reader.received(4)).toThrow(MalformedResponse)
  }
})
