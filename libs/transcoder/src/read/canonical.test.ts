import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { Dice, mutated, randomRecord, randomSchema } from '../fixtures/random-schema.ts'
import { twinOf } from '../reference/avro-twin.ts'
import { checkWhole } from '../reference/whole-record.ts'
import { readSchema } from '../schema/schema-node.ts'
import { Canonical } from './canonical.ts'
import { compileReader } from './compile-reader.ts'
import { Places } from './places.ts'

describe('canonical copy', () => {
  test('has the same value, is canonical, and differs exactly from records that are not', () => {
    let different = 0
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = new Dice(seed)
        const root = readSchema(randomSchema(dice))
        const twin = twinOf(root)
        const canonical = new Canonical(root)
        const reader = compileReader(new Places(root))
        const isCanonical = (bytes: Buffer, items: number): boolean => {
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
          expect(reader.read(bytes, view, 0, bytes.length, items, new Int32Array(0), 0)).toBe(FaultCode.ok)
          return reader.isCanonical
        }
        for (let i = 0; i < 10; i++) {
          const made = randomRecord(dice, root, i % 3 > 0)
          const record = i % 2 === 0 ? made : mutated(dice, made)
          if (checkWhole(root, record, 0, record.length) !== FaultCode.ok) continue
          const copy = canonical.copy(Buffer.concat([Buffer.of(1), record, Buffer.of(1)]), 1, 1 + record.length)
          expect(isCanonical(record, record.length)).toBe(copy.equals(record))
          expect(isCanonical(copy, record.length)).toBe(true)
          expect(twin.decode(copy)).toEqual(twin.decode(record))
          if (!copy.equals(record)) different++
        }
      }),
      { numRuns: 80, endOnFailure: true },
    )
    expect(different).toBeGreaterThan(20)
  })

  test('joins blocks into one whose count takes more bytes than each of theirs', () => {
    const root = readSchema({
      type: 'record',
      name: 'R',
      fields: [{ name: 'a', type: { type: 'array', items: 'boolean' } }],
    })
    const block = Buffer.concat([Buffer.of(126), Buffer.alloc(63, 1)])
    const sized = Buffer.concat([Buffer.of(125, 126), Buffer.alloc(63, 0)])
    const record = Buffer.concat([block, sized, Buffer.of(0x80, 0x00)])
    const expected = Buffer.concat([Buffer.of(0xfc, 0x01), Buffer.alloc(63, 1), Buffer.alloc(63, 0), Buffer.of(0)])
    expect(new Canonical(root).copy(record, 0, record.length)).toEqual(expected)
  })
})
