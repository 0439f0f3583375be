import type { Branch, LeafIs, Sensitive, Verb } from '@weir/contracts'
import { describe, expect, test } from 'vitest'
import { CleanSchemaError } from '../faults.ts'
import { block, double, join, long, text } from '../fixtures/avro-bytes.ts'
import { SideBySide } from '../fixtures/side-by-side.ts'
import { compileRewriter } from '../reference/rewriter.ts'
import { compileTranscoder } from '../transcoder.ts'

const KEEP: Verb = { kind: 'keep' }

describe('events', () => {
  test.each<[string, unknown, LeafIs['constants'], Buffer[]]>([
    ['texts', 'string', ['a', 'é', ''], [text('a'), text('b'), text('é'), text(''), text('aa')]],
    ['symbols', { type: 'enum', name: 'E', symbols: ['x', 'a', 'b'] }, ['a', 'none'], [long(0), long(1), long(2)]],
    ['booleans', 'boolean', [true], [Buffer.of(0), Buffer.of(1)]],
    ['ints', 'int', [0, -0, 64, 1.5, 2 ** 31], [long(0), long(1), long(64), long(-1)]],
    ['longs', 'long', [2 ** 53, -(2 ** 63)], [long(2 ** 53), long(2n ** 53n + 1n), long(-(2n ** 63n))]],
    ['doubles', 'double', [0, 0.1], [double(-0), double(0.1), double(Number.NaN), double(1)]],
    ['constants of another kind', 'long', ['1', true], [long(1), long(0)]],
    ['bytes, which can not be asked for', 'bytes', ['a'], [text('a')]],
  ])('let through what has one of the constants: %s', (_, type, constants, values) => {
    for (const [place, before] of [
      [type, Buffer.alloc(0)],
      [['null', type], long(1)],
    ] as const) {
      const both = new SideBySide(
        record('Raw', { x: place, y: 'long' }),
        record('Clean', { y: nullable('long') }),
        branch({ leaves: lines({ y: KEEP }), events: [{ path: ['x'], constants }] }),
      )
      for (const value of values) same(both, join(before, value, long(7)))
      if (before.length > 0) same(both, join(long(0), long(7)))
    }
  })

  test('need all of their leaves, and let nothing through of a leaf that the schema lacks', () => {
    const raw = record('Raw', { x: 'int', z: 'int' })
    const clean = record('Clean', { x: nullable('int') })
    const one = { path: ['x'], constants: [1] }
    for (const other of ['z', 'none']) {
      const events = [one, { path: [other], constants: [1] }]
      const both = new SideBySide(raw, clean, branch({ leaves: lines({ x: KEEP }), events }))
      for (const bytes of ['0000', '0002', '0200', '0202']) same(both, Buffer.from(bytes, 'hex'))
    }
  })

  test('ask the first value that is not null, where a path leads to several', () => {
    const raw = record('Raw', {
      x: { type: 'array', items: ['null', 'int'] },
      m: { type: 'map', values: ['null', 'int'] },
    })
    const clean = record('Clean', { x: nullable({ type: 'array', items: nullable('int') }) })
    const leaves = [{ path: ['x', '[]'], verb: KEEP }]
    const asking = [
      new SideBySide(raw, clean, branch({ leaves, events: [{ path: ['x', '[]'], constants: [1] }] })),
      new SideBySide(raw, clean, branch({ leaves, events: [{ path: ['m', '{b,a}'], constants: [1] }] })),
    ]
    const one = join(long(1), long(1))
    const two = join(long(1), long(2))
    const values = [[], [long(0)], [one], [two], [long(0), one, two], [two, one]]
    for (const items of values) {
      for (const entries of values) {
        const map = entries.map((value, i) => join(text(['a', 'b', 'a'][i] ?? ''), value))
        for (const both of asking) same(both, join(block(...items), block(...map)))
      }
    }
  })
})

describe('sensitive', () => {
  const listed = (by: readonly string[], ...values: string[]): Sensitive => ({
    by,
    file: 'list',
    values: new Set(values),
    needs: 'health',
  })
  const ITEM = record('Item', { sku: 'string', flags: { type: 'map', values: 'string' }, tag: ['null', 'string'] })
  const RAW = record('Raw', { items: { type: 'array', items: ITEM }, end: 'string' })
  const CLEAN = record('Clean', {
    items: nullable({
      type: 'array',
      items: nullable(record('CleanItem', { sku: nullable('string'), tag: nullable('string') })),
    }),
    end: nullable('string'),
  })
  const LEAVES = lines({ 'items.[].sku': KEEP, 'items.[].tag': KEEP, end: KEEP })
  const item = (sku: string, flag: string) =>
    join(text(sku), block(join(text('f'), text(flag)), join(text('g'), text('ok'))), long(1), text('tag'))

  test.each([
    ['a leaf', ['items', '[]', 'sku']],
    ['a key', ['items', '[]', 'flags', '{f}']],
    ['one of several keys', ['items', '[]', 'flags', '{none,f}']],
  ])('leaves out elements of an array by %s, however few stay', (_, by) => {
    const both = new SideBySide(RAW, CLEAN, branch({ leaves: LEAVES, sensitive: listed(by, 'bad') }))
    for (const [count, keeps] of [
      [0, 1],
      [1, 1],
      [3, 2],
      [70, 2],
      [70, 69],
      [70, 71],
      [63, 2],
      [64, 64],
      [64, 1],
    ] as const) {
      const items = Array.from({ length: count }, (_none, i) =>
        i % keeps === 0 ? item('bad', 'bad') : item(`sku-${i}`, 'good'),
      )
      same(both, join(block(...items), text('the end')))
    }
  })

  test('leaves out elements that are kept whole otherwise', () => {
    const both = new SideBySide(
      record('Raw', { x: { type: 'array', items: ['null', 'string'] } }),
      record('Clean', { x: nullable({ type: 'array', items: nullable('string') }) }),
      branch({ leaves: [{ path: ['x', '[]'], verb: KEEP }], sensitive: listed(['x', '[]'], 'bad') }),
    )
    same(both, block(join(long(1), text('bad')), long(0), join(long(1), text('good'))))
  })

  test('of arrays in arrays leaves out of the innermost alone', () => {
    const inner = { type: 'array', items: 'string' }
    const both = new SideBySide(
      record('Raw', { x: { type: 'array', items: record('Row', { y: inner, n: 'long' }) }, z: 'string' }),
      record('Clean', {
        x: nullable({
          type: 'array',
          items: nullable(
            record('CleanRow', { y: nullable({ type: 'array', items: nullable('string') }), n: nullable('long') }),
          ),
        }),
        z: nullable('string'),
      }),
      branch({
        leaves: lines({ 'x.[].y.[]': KEEP, 'x.[].n': KEEP, z: KEEP }),
        sensitive: listed(['x', '[]', 'y', '[]'], 'bad'),
      }),
    )
    const row = (...values: string[]) => join(block(...values.map(text)), long(5))
    same(both, join(block(row('a', 'bad'), row('bad'), row(), row('x'.repeat(200), 'b')), text('z')))
  })

  test.each<[string, unknown, string[], Buffer[]]>([
    ['a text', 'string', ['bad', '\ud800'], [text('bad'), text('good'), text('\ufffd')]],
    ['a symbol', { type: 'enum', name: 'E', symbols: ['a', 'bad'] }, ['bad'], [long(0), long(1)]],
    ['an int', 'int', ['7', '07', '-0', 'x'], [long(7), long(0), long(8)]],
    ['a long', 'long', ['-9223372036854775808', '9223372036854775808', '64'], [long(-(2n ** 63n)), long(64), long(0)]],
  ])('outside arrays leaves out the event by %s', (_, type, values, events) => {
    const both = new SideBySide(
      record('Raw', { x: ['null', type], y: 'long' }),
      record('Clean', { y: nullable('long') }),
      branch({ leaves: lines({ y: KEEP }), sensitive: listed(['x'], ...values) }),
    )
    for (const value of events) same(both, join(long(1), value, long(3)))
    same(both, join(long(0), long(3)))
  })

  test.each<[string, unknown, readonly string[]]>([
    ['of a type that has no text', 'double', ['x']],
    ['behind a union of several types', ['null', 'string', 'long'], ['x']],
    ['of an array where a leaf was', { type: 'array', items: 'string' }, ['x']],
    ['of bytes in an array', { type: 'array', items: 'bytes' }, ['x', '[]']],
  ])('makes a schema unusable that has a leaf %s', (_, type, by) => {
    const clean = record('Clean', { x: nullable({ type: 'array', items: nullable('bytes') }), y: nullable('long') })
    const inArray = by.includes('[]') ? [{ path: ['x', '[]'], verb: KEEP }] : []
    const both = new SideBySide(
      record('Raw', { x: type, y: 'long' }),
      clean,
      branch({ leaves: [...inArray, ...lines({ y: KEEP })], sensitive: listed(by, 'bad') }),
    )
    expect(both.isUsable).toBe(false)
    same(both, Buffer.alloc(9))
  })
})

describe('only', () => {
  const NAMES = Array.from({ length: 8 }, (_, i) => `f${i}`)
  const RAW = record('Raw', { geo: nullable(record('Geo', all(NAMES, nullable('int')))), ...all(NAMES, 'boolean') })
  const CLEAN = record('Clean', {
    geo: nullable(record('CleanGeo', all(NAMES, nullable('int')))),
    ...all(NAMES, nullable('boolean')),
  })

  test('shows, of each of 256 combinations, what the branch with these lines would show', () => {
    const both = new SideBySide(
      RAW,
      CLEAN,
      branch({
        leaves: lines(all(NAMES, KEEP)),
        only: NAMES.map((name) => ({
          when: [{ path: [name], constants: [true] }],
          leaves: lines({ [`geo.${name}`]: KEEP }),
        })),
      }),
    )
    const geo = join(long(1), ...NAMES.map((_, i) => join(long(i % 2), i % 2 === 0 ? Buffer.alloc(0) : long(i))))
    for (let round = 0; round < 2; round++) {
      for (let mask = 0; mask < 256; mask++) {
        const flags = Buffer.from(NAMES.map((_, i) => (mask >> i) & 1))
        same(both, join(geo, flags))
        same(both, join(long(0), flags))
      }
    }
  })

  test('lets the first of two lines decide that name one leaf', () => {
    const both = new SideBySide(
      record('Raw', { a: 'int', b: 'int' }),
      record('Clean', { a: nullable('int'), b: nullable('int') }),
      branch({
        leaves: lines({ a: KEEP }),
        only: [
          { when: [{ path: ['a'], constants: [1] }], leaves: lines({ b: { kind: 'set', constant: 9 } }) },
          { when: [{ path: ['a'], constants: [1, 2] }], leaves: lines({ b: KEEP }) },
        ],
      }),
    )
    for (const a of [0, 1, 2]) same(both, join(long(a), long(5)))
  })
})

describe('schemas', () => {
  test('that contain themselves are gone through as far as the lines lead', () => {
    const raw = record('Node', {
      name: 'string',
      next: ['null', 'Node'],
      all: { type: 'array', items: 'Node' },
      end: 'int',
    })
    const clean = record('Clean', {
      name: nullable('string'),
      next: nullable(
        record('Next', { name: nullable('string'), next: nullable(record('NextNext', { name: nullable('string') })) }),
      ),
      all: nullable({ type: 'array', items: nullable(record('All', { end: nullable('int') })) }),
      end: nullable('int'),
    })
    const leaves = lines({ name: KEEP, 'next.name': KEEP, 'next.next.name': KEEP, 'all.[].end': KEEP, end: KEEP })
    const both = new SideBySide(raw, clean, branch({ leaves }))
    const node = (name: string, next: Buffer | null, ...inner: Buffer[]): Buffer =>
      join(text(name), next === null ? long(0) : join(long(1), next), block(...inner), long(name.length))
    const leaf = node('leaf', null)
    const deep = node('deep', node('deeper', node('deepest', leaf, leaf, leaf)), leaf)
    for (const one of [leaf, node('a', leaf), deep, node('b', deep, deep, leaf, deep)]) same(both, one)
  })

  test('with unions of a hundred branches are asked by two bytes', () => {
    const types = Array.from({ length: 100 }, (_, i) => record(`T${i}`, { v: 'int' }))
    const clean = record('Clean', {
      x: nullable(
        record('X', {
          T1: nullable(record('T1', { v: nullable('int') })),
          T63: nullable(record('T63', { v: nullable('int') })),
          T64: nullable(record('T64', { v: nullable('int') })),
          T99: nullable(record('T99', { v: nullable('int') })),
        }),
      ),
    })
    const leaves = lines(all(['x.<T64>.v', 'x.<T1>.v', 'x.<T99>.v', 'x.<T63>.v'], KEEP))
    const both = new SideBySide(record('Raw', { x: types, y: 'long' }), clean, branch({ leaves }))
    for (let i = 0; i < 100; i++) same(both, join(long(i), long(i), long(1)))
  })

  test('that fit no clean one are told as by the reference', () => {
    const raw = record('Raw', { x: 'int' })
    const parts: [unknown, Branch][] = [
      [record('Clean', { x: 'int' }), branch({ leaves: lines({ x: KEEP }) })],
      [record('Clean', {}), branch({ leaves: lines({ x: KEEP }) })],
      [record('Clean', { x: nullable('int') }), branch({ leaves: lines({ x: { kind: 'set', constant: 'text' } }) })],
      ['int', branch({ leaves: [] })],
    ]
    for (const [cleanSchema, one] of parts) {
      expect(() => compileRewriter(raw, cleanSchema, one)).toThrow(CleanSchemaError)
      expect(() => compileTranscoder(raw, [{ cleanSchema, branch: one }])).toThrow(CleanSchemaError)
    }
  })
})

test('a host that becomes longer leaves room for what comes after it', () => {
  const fields = { hosts: { type: 'array', items: 'string' }, one: 'string', id: 'string', rest: 'string' }
  const clean = {
    hosts: nullable({ type: 'array', items: nullable('string') }),
    ...all(['one', 'id', 'rest'], nullable('string')),
  }
  const HOST: Verb = { kind: 'host' }
  const leaves = lines({ 'hosts.[]': HOST, one: HOST, id: { kind: 'pseudonymize' }, rest: KEEP })
  const both = new SideBySide(record('Raw', fields), record('Clean', clean), branch({ leaves }))
  const url = text(`http://${'ü.'.repeat(40)}example/`)
  same(both, join(block(url, url, url), url, text('someone'), text('r'.repeat(300))))
})

test('a branch that pseudonymizes tells its caller when there is no grant', () => {
  const both = new SideBySide(
    record('Raw', { x: ['null', 'string'] }),
    record('Clean', { x: nullable('string') }),
    branch({ leaves: lines({ x: { kind: 'pseudonymize' } }) }),
  )
  expect(() => both.compiled(join(long(1), text('a')), false, false)).toThrow(/x needs a grant's key/)
  expect(both.compiled(long(0), false, false)).toEqual(Buffer.of(0))
})

/** With and without `sensitiveAllowed`. */
function same(both: SideBySide, bytes: Buffer): void {
  for (const allowed of [false, true]) {
    expect(both.compiled(bytes, true, allowed)).toEqual(both.reference(bytes, true, allowed))
  }
}

function branch(parts: Partial<Branch>): Branch {
  return { leaves: [], events: [], only: [], sensitive: null, ...parts }
}

/** Paths with a point before each step. */
function lines(verbs: Readonly<Record<string, Verb>>): Branch['leaves'] {
  return Object.entries(verbs).map(([path, verb]) => ({ path: path.split('.'), verb }))
}

function record(name: string, fields: Readonly<Record<string, unknown>>): object {
  return { type: 'record', name, fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })) }
}

function nullable(type: unknown): readonly unknown[] {
  return ['null', type]
}

function all<T>(names: readonly string[], value: T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, value]))
}
