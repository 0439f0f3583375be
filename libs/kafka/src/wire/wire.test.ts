import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MalformedResponse } from '../errors.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

test('What a writer writes, a reader reads back, however small the first buffer was', () => {
  const hex = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.string({ unit: 'grapheme' }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      fc.array(fc.integer()),
      fc.uint8Array(),
      hex,
      fc.integer({ min: 0, max: 0xffffffff }),
      (hint, text, big, number, ints, bytes, id, length) => {
        const topicId = Buffer.from(id).toString('hex')
        const writer = new Writer(hint)
        writer.string(text).nullableString(null).int64(big).int64Number(number).int32Array(ints)
        writer.bytesByReference(Buffer.from(bytes)).uuid(topicId).uvarint(length).bool(true).int8(-3).int16(-300).tags()
        const reader = new Reader(Buffer.concat(writer.finish()))
        expect(reader.string()).toBe(text)
        expect(reader.nullableString()).toBeNull()
        expect(reader.int64()).toBe(big)
        expect(reader.int64Number()).toBe(number)
        expect(reader.int32Array()).toEqual(ints)
        expect([...reader.bytes()]).toEqual([...bytes])
        expect(reader.uuid()).toBe(topicId)
        expect(reader.uvarint()).toBe(length)
        expect([reader.bool(), reader.int8(), reader.int16()]).toEqual([true, -3, -300])
        reader.tags()
        expect(reader.remaining).toBe(0)
      },
    ),
  )
})

test('Large bytes are referenced and not copied', () => {
  const bytes = Buffer.alloc(100)
  const parts = new Writer().int8(1).bytesByReference(bytes).int8(2).finish()
  expect(parts).toContain(bytes)
  expect(parts.at(-1)).toEqual(Buffer.from([2]))
})

test('Tagged fields that nobody knows are passed over', () => {
  const writer = new Writer().uvarint(2).uvarint(7).uvarint(1).int8(9).uvarint(2).uvarint(4).int32(5).int8(1)
  const reader = new Reader(Buffer.concat(writer.finish()))
  const seen: number[] = []
  reader.tags((tag, field) => {
    if (tag === 2) seen.push(field.int32())
  })
  expect(seen).toEqual([5])
  expect(reader.int8()).toBe(1)
})

test('A response that ends too early is refused and never read past its end', () => {
  expect(() => new Reader(Buffer.from([0, 1])).int32()).toThrow(MalformedResponse)
  expect(() => new Reader(Buffer.from([9, 1])).string()).toThrow(MalformedResponse)
  expect(() => new Reader(Buffer.alloc(9, 0xff)).uvarint()).toThrow(MalformedResponse)
})
