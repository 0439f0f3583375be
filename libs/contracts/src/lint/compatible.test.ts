import { expect, test } from 'vitest'
import { incompatibility } from './compatible.ts'

const record = (...fields: object[]) => ({ type: 'record', name: 'a.R', fields })
const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more })
const symbols = (list: string[], more: object = {}) => ({ type: 'enum', name: 'E', symbols: list, ...more })
const node = record(field('next', ['null', 'R'], { default: null }))

/** Reader, writer, what must be said; null: readable. */
const TABLE: readonly (readonly [name: string, reader: unknown, writer: unknown, why: string | null])[] = [
  ['the same', record(field('a', 'int')), record(field('a', 'int')), null],
  ['an int read as a long', 'long', 'int', null],
  ['a long read as an int', 'int', 'long', 'is int on one side'],
  ['bytes read as a string', 'string', 'bytes', null],
  ['a boolean read as a string', record(field('a', 'string')), record(field('a', 'boolean')), 'is string on one side'],
  ['a new field with a default', record(field('a', 'int', { default: 0 })), record(), null],
  ['a new field without a default', record(field('a', 'int')), record(), 'has no default'],
  ['a field that is gone', record(), record(field('a', 'int')), null],
  ['a field under its alias', record(field('b', 'int', { aliases: ['a'] })), record(field('a', 'int')), null],
  ['null where there was none', ['null', 'int'], 'int', null],
  ['null where there is none', 'int', ['null', 'int'], 'is int on one side'],
  ['another name', { ...record(), name: 'S' }, record(), 'is named S'],
  ['another namespace', { ...record(), name: 'b.R' }, record(), null],
  ['a symbol more', symbols(['x', 'y']), symbols(['x']), null],
  ['a symbol less, without a default', symbols(['x']), symbols(['x', 'y']), 'does not know "y"'],
  ['a symbol less, with a default', symbols(['x'], { default: 'x' }), symbols(['x', 'y']), null],
  [
    'a fixed of another size',
    { type: 'fixed', name: 'F', size: 2 },
    { type: 'fixed', name: 'F', size: 3 },
    'another size',
  ],
  ['elements of another type', { type: 'array', items: 'int' }, { type: 'array', items: 'string' }, 'is int'],
  ['values of another type', { type: 'map', values: 'int' }, { type: 'map', values: 'string' }, 'is int'],
  ['a record inside itself', node, node, null],
]

test.each(TABLE)('%s', (_, reader, writer, why) => {
  const found = incompatibility(reader, writer)
  if (why === null) expect(found).toBeNull()
  else expect(found?.why).toContain(why)
})

test('the path leads to the field, through unions and lists', () => {
  const of = (type: string) =>
    record(
      field('list', [
        'null',
        { type: 'array', items: ['null', { type: 'record', name: 'I', fields: [field('n', type)] }] },
      ]),
    )
  expect(incompatibility(of('int'), of('string'))?.path).toEqual(['list', 'n'])
})
