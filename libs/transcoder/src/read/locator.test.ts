import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { PATHS, RAW } from '../fixtures/clickstream.ts'
import { Dice, mutated, randomRecord } from '../fixtures/random-schema.ts'
import { found, steeringOf, steeringSchema } from '../fixtures/steering.ts'
import type { Locator } from '../port.ts'
import { compileLocator as compileReference } from '../reference/locator.ts'
import { checkWhole } from '../reference/whole-record.ts'
import { readSchema } from '../schema/schema-node.ts'
import { compileTranscoder } from '../transcoder.ts'
import { newLocated } from './located.ts'
import { compileLocator } from './locator.ts'
import { Marks } from './marks.ts'

const STEERED = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'who', type: 'string' },
    { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] },
    { name: 'rest', type: 'string' },
  ],
}

describe('compiled locator', () => {
  test('finds what the reference finds, refuses the same schemas, and no record that the reference lets through', () => {
    const seen = { unusable: 0, found: 0, fault: 0, leftToReader: 0 }
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = new Dice(seed)
        const schema = steeringSchema(dice)
        const paths = steeringOf(dice)
        const [compiled, reference] = [compileLocator(schema, paths), compileReference(schema, paths)]
        if ('unusable' in compiled || 'unusable' in reference) {
          expect(compiled).toEqual(reference)
          seen.unusable++
          return
        }
        const root = readSchema(schema)
        const [ours, theirs] = [newLocated(), newLocated()]
        for (let i = 0; i < 16; i++) {
          const made = randomRecord(dice, root, true)
          const record = i % 2 === 0 ? made : mutated(dice, made)
          const bytes = Buffer.concat([Buffer.of(0xff, 1), record, Buffer.of(2, 0xff)])
          const fault = compiled.locate(bytes, 2, 2 + record.length, ours)
          const expected = reference.locate(record, 0, record.length, theirs)
          if (fault === expected) {
            seen[fault === FaultCode.ok ? 'found' : 'fault']++
            if (fault === FaultCode.ok) expect(found(ours)).toEqual(found(theirs))
          } else {
            // It stopped before the fault; the reader that goes over the whole record does not.
            seen.leftToReader++
            expect(fault).toBe(FaultCode.ok)
            expect(checkWhole(root, record, 0, record.length)).toBe(expected)
          }
        }
      }),
      { numRuns: 300, endOnFailure: true },
    )
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(40)
  })

  test('stops behind the last leaf that it needs', () => {
    const schema = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'who', type: 'string' },
        { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
        { name: 'rest', type: 'string' },
      ],
    }
    const locator = usable(
      compileLocator(schema, { subject: ['who'], device: null, eventTime: ['at'], ownSignals: [] }),
    )
    const out = newLocated()
    expect(locator.locate(Buffer.from([2, 0x61, 8, 0xff]), 0, 4, out)).toBe(FaultCode.ok)
    expect([out.subjectStart, out.subjectEnd, out.deviceStart, out.eventTimeMs]).toEqual([1, 2, -1, 4])
  })

  test('gives the fault that a record has first of all: malformed before empty', () => {
    const locator = usable(
      compileLocator(STEERED, { subject: ['who'], device: null, eventTime: ['at'], ownSignals: [] }),
    )
    const fault = (...bytes: number[]): FaultCode => locator.locate(Buffer.from(bytes), 0, bytes.length, newLocated())
    expect(fault(0, 2, 8, 0)).toBe(FaultCode.emptySubject)
    expect(fault(0, 2, 8, 4, 0x61)).toBe(FaultCode.malformedAvro)
    expect(fault(0, 2, 8, 0, 0)).toBe(FaultCode.trailingBytes)
    expect(fault(2, 0x61, 0, 0)).toBe(FaultCode.missingEventTime)
    expect(fault(2, 0x61, 0, 2, 0xff)).toBe(FaultCode.malformedAvro)
  })

  test('leaves it to the reading of the whole record to refuse an id that is not UTF-8', () => {
    const record = Buffer.of(2, 0xff, 2, 8, 0)
    const locator = usable(
      compileLocator(STEERED, { subject: ['who'], device: null, eventTime: ['at'], ownSignals: [] }),
    )
    expect(locator.locate(record, 0, record.length, newLocated())).toBe(FaultCode.ok)
    expect(compileTranscoder(STEERED, []).read(record, 0, record.length, new Marks())).toBe(-FaultCode.malformedAvro)
  })

  test('takes a signal within an array as one that it can not read', () => {
    const steering = { ...PATHS, ownSignals: [['signals', '[]']] }
    const fields = (RAW as { readonly fields: readonly object[] }).fields
    const schema = {
      ...(RAW as object),
      fields: [...fields, { name: 'signals', type: { type: 'array', items: 'boolean' } }],
    }
    expect(compileLocator(schema, steering)).toEqual({ unusable: expect.stringContaining('an own signal') })
    expect(compileLocator(RAW, steering)).not.toHaveProperty('unusable')
  })
})

function usable(locator: ReturnType<typeof compileLocator>): Locator {
  if ('unusable' in locator) throw new Error(locator.unusable)
  return locator
}
