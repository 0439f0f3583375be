import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { Dice, randomRecord, randomSchema } from '../fixtures/random-schema.ts'
import { isTwinRecord, type Twin, type TwinValue, twinOf } from '../reference/avro-twin.ts'
import { checkWhole } from '../reference/whole-record.ts'
import { readSchema } from '../schema/schema-node.ts'
import { compileReader } from './compile-reader.ts'
import { type Place, Places } from './places.ts'

/** A place, and its value as the reference decodes it; undefined where it does not stand in the record. */
interface Asked {
  readonly place: Place
  readonly find: (record: TwinValue) => TwinValue | undefined
}

/** Asks for some places, some of them within each other. */
function ask(dice: Dice, twin: Twin, asked: Asked, depth: number): Asked[] {
  const { place, find } = asked
  const { node } = place
  const own = dice.roll(2) === 0 ? [asked] : []
  if (depth === 0) return own
  if (node.kind === 'record') {
    const below = node.fields.flatMap((_field, i) => {
      const inner = (record: TwinValue) => field(find(record), `f${i}`)
      return dice.roll(3) === 0 ? [] : ask(dice, twin, { place: place.field(i), find: inner }, depth - 1)
    })
    return [...own, ...below]
  }
  if (node.kind === 'union') {
    const below = node.branches.flatMap((branch, i) => {
      const key = twin.branchKey(branch)
      const inner = (record: TwinValue) => {
        const union = find(record)
        return branch.kind === 'null' ? (union === null ? null : undefined) : field(union, key)
      }
      return dice.roll(3) === 0 ? [] : ask(dice, twin, { place: place.branch(i), find: inner }, depth - 1)
    })
    return [...own, ...below]
  }
  return own
}

function field(value: TwinValue | undefined, name: string): TwinValue | undefined {
  return value !== undefined && isTwinRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Kinds whose twin values name no types, so that those of two twins can be compared. */
const PLAIN = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string', 'fixed', 'enum'])

describe('marks of a record', () => {
  test('hold where the asked places lie, and -1 for those that do not stand in it', () => {
    let here = 0
    let absent = 0
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = new Dice(seed)
        const root = readSchema(randomSchema(dice))
        const twin = twinOf(root)
        const places = new Places(root)
        const all = ask(dice, twin, { place: places.root, find: (record) => record }, 5)
        const slots = all.map(({ place }) => ({ start: place.start, end: place.end }))
        const reader = compileReader(places)
        const base = 3
        for (let i = 0; i < 6; i++) {
          const record = randomRecord(dice, root, true)
          if (checkWhole(root, record, 0, record.length) !== FaultCode.ok) continue
          const bytes = Buffer.concat([Buffer.alloc(5, 0x7f), record])
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
          const positions = new Int32Array(base + places.slots).fill(7_777)
          expect(reader.read(bytes, view, 5, bytes.length, record.length, positions, base)).toBe(FaultCode.ok)
          expect([...positions.subarray(0, base)]).toEqual([7_777, 7_777, 7_777])

          const decoded = twin.decode(record)
          for (const [j, { place, find }] of all.entries()) {
            const expected = find(decoded)
            const start = positions[base + (slots[j]?.start ?? 0)] as number
            const end = positions[base + (slots[j]?.end ?? 0)] as number
            expect(start < 0).toBe(expected === undefined)
            if (expected === undefined) {
              expect(start).toBe(-1)
              absent++
              continue
            }
            here++
            // Not by checkWhole: it lets the part have no more items than its own bytes.
            const part = compileReader(new Places(place.node))
            expect(part.read(bytes, view, start, end, record.length, new Int32Array(0), 0)).toBe(FaultCode.ok)
            if (PLAIN.has(place.node.kind))
              expect(twinOf(place.node).decode(bytes.subarray(start, end))).toEqual(expected)
          }
        }
      }),
      { numRuns: 150, endOnFailure: true },
    )
    expect(here).toBeGreaterThan(1_000)
    expect(absent).toBeGreaterThan(100)
  })
})
