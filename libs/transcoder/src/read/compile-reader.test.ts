import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { Dice, mutated, randomRecord, randomSchema } from '../fixtures/random-schema.ts'
import { SPEC_SCHEMAS } from '../fixtures/spec-schemas.ts'
import { checkWhole } from '../reference/whole-record.ts'
import { readSchema, type SchemaNode } from '../schema/schema-node.ts'
import { compileReader, type Reader, walkText } from './compile-reader.ts'
import { Places } from './places.ts'

const RUNS = { numRuns: 150, endOnFailure: true }

function readerOf(root: SchemaNode): Reader {
  return compileReader(new Places(root))
}

/** The record is read in the middle of other bytes: none of them may matter. */
function faultOf(reader: Reader, record: Buffer): FaultCode {
  const bytes = Buffer.concat([Buffer.of(0xff, 0x02), record, Buffer.of(0x00, 0x02)])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return reader.read(bytes, view, 2, 2 + record.length, record.length, new Int32Array(0), 0)
}

/** Reads random records, and ones with something wrong, and looks whether the reference says the same of each. */
function expectAgreement(dice: Dice, root: SchemaNode): void {
  const reader = readerOf(root)
  for (let i = 0; i < 8; i++) {
    const record = randomRecord(dice, root, i % 2 === 0)
    for (const one of [record, ...Array.from({ length: 6 }, () => mutated(dice, record))]) {
      const expected = checkWhole(root, one, 0, one.length)
      const fault = faultOf(reader, one)
      if (fault !== expected) expect([one.toString('hex'), fault]).toEqual([one.toString('hex'), expected])
    }
  }
}

const chain = readSchema({ type: 'record', name: 'R', fields: [{ name: 'next', type: ['null', 'R'] }] })
const tree = readSchema({ type: 'record', name: 'R', fields: [{ name: 'below', type: { type: 'array', items: 'R' } }] })
const shared = readSchema({
  type: 'record',
  name: 'Root',
  fields: [
    { name: 'a', type: { type: 'record', name: 'Leaf', fields: [{ name: 'n', type: 'int' }] } },
    {
      name: 'r',
      type: {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'l', type: 'Leaf' },
          { name: 'r', type: ['null', 'R'] },
        ],
      },
    },
  ],
})

describe('compiled reader', () => {
  test('accepts and refuses what the reference does, for random schemas and any bytes', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = new Dice(seed)
        expectAgreement(dice, readSchema(randomSchema(dice)))
      }),
      RUNS,
    )
  })

  test.each(Object.entries(SPEC_SCHEMAS))('and for %s of the Avro specification', (_name, schema) => {
    const root = readSchema(schema)
    for (let seed = 0; seed < 15; seed++) expectAgreement(new Dice(seed), root)
  })

  test.each([
    ['record of 2,000 fields', wideRecord(2_000)],
    ['union of 300 records', { type: 'record', name: 'Wide', fields: [{ name: 'one', type: wideUnion(300) }] }],
  ])('and for a %s, whose routines are parted', (_name, schema) => {
    const root = readSchema(schema)
    const longest = walkText(new Places(root), 'whole')
      .split('\nfunction ')
      .reduce((most, routine) => Math.max(most, routine.length), 0)
    expect(longest).toBeLessThan(40_000)
    expectAgreement(new Dice(1), root)
  })

  test('ends nesting at the level at which the reference does', () => {
    for (let levels = 60; levels < 70; levels++) {
      const links = Buffer.concat([Buffer.alloc(levels, 2), Buffer.of(0)])
      expect(faultOf(readerOf(chain), links)).toBe(checkWhole(chain, links, 0, links.length))
      const branches = Buffer.concat([Buffer.alloc(levels, 2), Buffer.alloc(levels + 1, 0)])
      expect(faultOf(readerOf(tree), branches)).toBe(checkWhole(tree, branches, 0, branches.length))
      const leaves = Buffer.concat([Buffer.of(4), ...new Array<Buffer>(levels).fill(Buffer.of(4, 2)), Buffer.of(4, 0)])
      expect(faultOf(readerOf(shared), leaves)).toBe(checkWhole(shared, leaves, 0, leaves.length))
    }
    const deep = readSchema({ type: 'record', name: 'R', fields: [{ name: 'a', type: nested(200) }] })
    expect(faultOf(readerOf(deep), Buffer.of(0))).toBe(FaultCode.ok)
    const filled = Buffer.concat([Buffer.alloc(200, 2), Buffer.of(2), Buffer.alloc(200)])
    expect(faultOf(readerOf(deep), filled)).toBe(FaultCode.malformedAvro)
  })

  test('keeps the stack and the clock, whatever recursion the bytes claim', () => {
    expect(faultOf(readerOf(chain), Buffer.alloc(1_000_000, 2))).toBe(FaultCode.malformedAvro)
    expect(faultOf(readerOf(tree), Buffer.alloc(1_000_000, 2))).toBe(FaultCode.malformedAvro)
    const self = readSchema({ type: 'record', name: 'R', fields: ['a', 'b'].map((name) => ({ name, type: 'R' })) })
    expect(faultOf(readerOf(self), Buffer.alloc(0))).toBe(FaultCode.malformedAvro)
  })

  test('does not walk over types that take no byte', () => {
    // Each record has the one before it twice: 2^60 nulls.
    let type: unknown = { type: 'record', name: 'R0', fields: [{ name: 'n', type: 'null' }] }
    for (let i = 1; i <= 60; i++) {
      type = {
        type: 'record',
        name: `R${i}`,
        fields: [
          { name: 'a', type },
          { name: 'b', type: `R${i - 1}` },
        ],
      }
    }
    expect(faultOf(readerOf(readSchema(type)), Buffer.alloc(0))).toBe(FaultCode.ok)
    expect(faultOf(readerOf(readSchema(type)), Buffer.alloc(1))).toBe(FaultCode.trailingBytes)
  })

  test('makes code of numbers and its own words, whatever the names of a schema are', () => {
    const words =
      /^(?:use|strict|function|let|return|if|else|for|switch|case|break|default|true|false|at|b|v|e|p|q|d|n|w|[fscth]\d+)$/
    const steps = [
      'restOfInt',
      'restOfLong',
      'passBytes',
      'passText',
      'longIndex',
      'blockCount',
      'blockEnd',
      'next',
      'items',
      'canonical',
    ]
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const text = walkText(new Places(readSchema(randomSchema(new Dice(seed)))), 'whole')
        expect(text).toMatch(/^'use strict'\n[\w\s(){}[\];:,=<>+\-&|!.]*$/)
        const foreign = (text.match(/[A-Za-z_$][\w$]*/g) ?? []).filter(
          (word) => !words.test(word) && !steps.includes(word),
        )
        expect(foreign).toEqual([])
      }),
      RUNS,
    )
  })
})

function nested(levels: number): unknown {
  return levels === 0 ? 'null' : { type: 'array', items: nested(levels - 1) }
}

function wideRecord(count: number): unknown {
  const types = ['string', 'long', ['null', 'int'], { type: 'map', values: 'double' }]
  const fields = Array.from({ length: count }, (_, i) => ({ name: `f${i}`, type: types[i % types.length] }))
  return { type: 'record', name: 'Wide', fields }
}

function wideUnion(count: number): unknown {
  const fields = ['a', 'b', 'c'].map((name) => ({ name, type: 'string' }))
  return Array.from({ length: count }, (_, i) => ({ type: 'record', name: `B${i}`, fields }))
}
