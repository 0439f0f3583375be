import type { Verb } from '@weir/contracts'
import { describe, expect, test } from 'vitest'
import { CLEAN, GRANTED, RAW } from '../fixtures/clickstream.ts'
import { Places } from '../read/places.ts'
import { type RecordNode, readSchema } from '../schema/schema-node.ts'
import { FieldRegistry } from './field-registry.ts'
import type { Op } from './plan.ts'
import { planFields } from './plan-place.ts'
import { Spot } from './spot.ts'

const KEEP: Verb = { kind: 'keep' }

describe('the plan of a branch', () => {
  test('copies neighbours that stand in the clean schema as in the raw one by one copy', () => {
    const fields = { a: nullable('string'), b: nullable('long'), c: nullable('double') }
    expect(plan(fields, fields, ['a', 'b', 'c'])).toBe('copy')
    expect(plan(fields, fields, ['a', 'b'])).toBe('copy 00')
    expect(plan(fields, fields, ['a', 'c'])).toBe('copy 00 copy')
  })

  test('copies in parts what the writer schema has in another order', () => {
    const clean = { a: nullable('string'), b: nullable('long'), c: nullable('double') }
    expect(plan({ b: nullable('long'), c: nullable('double'), a: nullable('string') }, clean, ['a', 'b', 'c'])).toBe(
      'copy copy',
    )
  })

  test('copies a record that may be null whole, with its neighbours', () => {
    const inner = nullable(record('R', { x: nullable('string'), y: nullable(record('S', { z: nullable('int') })) }))
    const fields = { a: nullable('string'), r: inner, b: nullable('long') }
    expect(plan(fields, fields, ['a', 'r.x', 'r.y.z', 'b'])).toBe('copy')
    expect(plan(fields, fields, ['a', 'r.x', 'b'])).toBe('copy if(02 copy 00 else 00) copy')
  })

  test('copies no record whole of which the clean schema has less', () => {
    const raw = { r: nullable(record('R', { x: nullable('string'), y: nullable('string') })) }
    expect(plan(raw, { r: nullable(record('R', { x: nullable('string') })) }, ['r.x'])).toBe('if(02 copy else 00)')
    expect(plan(raw, { r: nullable(record('R', { y: nullable('string') })) }, ['r.y'])).toBe('if(02 copy else 00)')
  })

  test('copies an array whole whose elements are kept as they are', () => {
    const fields = { a: nullable('string'), r: nullable({ type: 'array', items: nullable('string') }) }
    expect(plan(fields, fields, ['a', 'r.[]'])).toBe('copy')
    expect(plan({ ...fields, r: { type: 'array', items: nullable('string') } }, fields, ['a', 'r.[]'])).toBe(
      'copy 02 copy',
    )
    expect(plan({ ...fields, r: { type: 'array', items: 'string' } }, fields, ['a', 'r.[]'])).toBe(
      'copy 02 each(02 copy)',
    )
  })

  test('puts an index before what can not be null in the raw schema, and keeps enums of equal indexes', () => {
    const symbols = { type: 'enum', name: 'E', symbols: ['a', 'b'] }
    const both = { e: symbols, f: 'E', g: 'int' }
    expect(plan(both, { e: nullable(symbols), f: nullable('E'), g: nullable('int') }, ['e', 'f', 'g'])).toBe(
      '02 copy(1) 02 copy(1) 02 copy',
    )
    const clean = { e: nullable({ type: 'enum', name: 'E', symbols: ['a', 'b', 'c'] }) }
    expect(plan({ e: symbols }, clean, ['e'])).toBe('02 copy(1)')
    expect(plan({ e: symbols }, { e: nullable({ type: 'enum', name: 'E', symbols: ['b', 'a'] }) }, ['e'])).toBe('verb')
  })

  test('writes all that is null or constant between two copies at once', () => {
    const raw = { a: 'int', r: record('R', { x: 'int', y: 'int' }), b: 'int' }
    const clean = {
      none: nullable('int'),
      a: nullable('int'),
      r: nullable(record('R', { x: nullable('int'), y: nullable('int') })),
      b: nullable('int'),
    }
    expect(plan(raw, clean, ['r.y'])).toBe('00 00 02 00 02 copy 00')
  })

  test('of the sample stream is one copy a leaf that can not be null, and a question a record that can', () => {
    const root = readRecord(RAW)
    const leaves = GRANTED.leaves.map(({ path, verb }) => ({ rest: path, verb }))
    expect(planOf(root, readRecord(CLEAN), leaves)).toBe(
      'pseudonym verb 02 copy pseudonym 02 verb if(02 02 copy else 00) if(02 02 copy 02 copy else 00) if(in else 00)',
    )
  })

  test('asks the reader for no more places than it uses', () => {
    const fields = { a: nullable('string'), b: nullable('long'), c: nullable('double') }
    const places = new Places(readRecord(record('Raw', fields)))
    const task = { from: new Spot(places.root), at: [], dropped: null, fields: new FieldRegistry() }
    planFields(
      { ...task, lines: [{ rest: ['b'], verb: KEEP }] },
      readRecord(record('Raw', fields)),
      readRecord(record('Clean', fields)),
    )
    expect(places.slots).toBe(2)
  })
})

function plan(raw: Fields, clean: Fields, kept: readonly string[]): string {
  const lines = kept.map((path) => ({ rest: path.split('.'), verb: KEEP }))
  return planOf(readRecord(record('Raw', raw)), readRecord(record('Clean', clean)), lines)
}

function planOf(from: RecordNode, to: RecordNode, lines: Parameters<typeof planFields>[0]['lines']): string {
  const places = new Places(from)
  const ops = planFields(
    { from: new Spot(places.root), at: [], lines, dropped: null, fields: new FieldRegistry() },
    from,
    to,
  )
  if (ops === null) throw new Error('the writer schema is usable')
  return shown(ops)
}

function shown(ops: readonly Op[]): string {
  return ops.map(shownOp).join(' ')
}

function shownOp(op: Op): string {
  switch (op.kind) {
    case 'bytes':
      return op.bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    case 'copy':
      return op.size === null ? 'copy' : `copy(${op.size})`
    case 'choose':
      return `if(${shown(op.held)} else ${shown(op.otherwise)})`
    case 'array':
      return `each(${shown(op.body)})`
    case 'map':
      return `keys(${op.entries.map(({ body }) => shown(body)).join(', ')})`
    case 'listed':
      return 'in'
    case 'verb':
    case 'host':
    case 'pseudonym':
      return op.kind
  }
}

type Fields = Readonly<Record<string, unknown>>

function readRecord(schema: unknown): RecordNode {
  const node = readSchema(schema)
  if (node.kind !== 'record') throw new Error('the schema is a record')
  return node
}

function record(name: string, fields: Fields): object {
  return { type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }
}

function nullable(type: unknown): readonly unknown[] {
  return ['null', type]
}
