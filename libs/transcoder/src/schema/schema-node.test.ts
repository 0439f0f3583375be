import { describe, expect, test } from 'vitest'
import { readSchema } from './schema-node.ts'

describe('schema', () => {
  test('finds a named type by its short name within its namespace and by its full name outside', () => {
    const money = { type: 'record', name: 'Money', namespace: 'shop', fields: [{ name: 'cents', type: 'long' }] }
    const record = readSchema({
      type: 'record',
      name: 'Order',
      namespace: 'shop',
      fields: [
        { name: 'price', type: money },
        { name: 'tax', type: 'Money' },
        { name: 'tip', type: ['null', 'shop.Money'] },
        { name: 'again', type: { type: 'shop.Money' } },
      ],
    })
    if (record.kind !== 'record') throw new Error('no record')
    const [price, tax, tip, again] = record.fields.map((field) => field.type)
    expect(tax).toBe(price)
    expect(again).toBe(price)
    expect(tip?.kind === 'union' && tip.branches[1] === price).toBe(true)
  })

  test.each([
    ['a name that is defined nowhere', 'Nothing'],
    ['a number', 7],
    ['a record without fields', { type: 'record', name: 'R' }],
    ['a record without a name', { type: 'record', fields: [] }],
    ['two fields of one name', { type: 'record', name: 'R', fields: [field('a'), field('a')] }],
    ['one name twice', ['null', { type: 'fixed', name: 'F', size: 1 }, { type: 'fixed', name: 'F', size: 2 }]],
    ['an enum without symbols', { type: 'enum', name: 'E' }],
    ['a fixed of no size', { type: 'fixed', name: 'F', size: -1 }],
    ['a fixed of more bytes than there are offsets', { type: 'fixed', name: 'F', size: 2 ** 31 }],
    ['an empty union', []],
    ['a union in a union', ['null', ['int', 'string']]],
    ['a union with a type twice', ['string', { type: 'string', logicalType: 'uuid' }]],
    ['a union with a named type twice', ['null', { type: 'fixed', name: 'F', size: 1 }, 'F']],
    ['types in each other without end', nested(257)],
  ])('refuses %s', (_what, schema) => {
    expect(() => readSchema(schema)).toThrow()
  })
})

function nested(levels: number): unknown {
  return levels === 0 ? 'int' : { type: 'array', items: nested(levels - 1) }
}

function field(name: string): unknown {
  return { name, type: 'int' }
}
