import { describe, expect, test } from 'vitest'
import { type RecordNode, readSchema } from './schema-node.ts'
import { readWriterSchema } from './writer-schema.ts'

type Json = Readonly<Record<string, unknown>>

const record = (name: string, fields: readonly Json[], more: Json = {}) => ({ type: 'record', name, fields, ...more })
const nodes = (schema: unknown) => readSchema(schema) as RecordNode

/** The writer schema by the contract's names, and what it should be. */
function expectRenamed(writer: unknown, contract: unknown, expected: unknown): void {
  expect(readWriterSchema(writer, contract)).toEqual(nodes(expected))
}

describe('a writer schema read by the aliases of the contract', () => {
  test('has the names of the contract, also in arrays, maps, unions and records of another name', () => {
    const inner = (id: string) => record(`Old${id}`, [{ name: 'sku', type: 'string' }])
    const writer = record('R', [
      { name: 'one', type: inner('A') },
      { name: 'two', type: { type: 'array', items: ['null', inner('B')] } },
      { name: 'three', type: ['null', { type: 'map', values: inner('C') }] },
    ])
    const wanted = (id: string) => record(`New${id}`, [{ name: 'code', type: 'string', aliases: ['sku'] }])
    const contract = record('R', [
      { name: 'a', aliases: ['one'], type: ['null', { ...wanted('A'), aliases: ['OldA'] }] },
      { name: 'b', aliases: ['two'], type: { type: 'array', items: { ...wanted('B'), aliases: ['OldB'] } } },
      { name: 'c', aliases: ['three'], type: ['null', { type: 'map', values: wanted('C') }] },
    ])
    const renamed = (name: string) => record(name, [{ name: 'code', type: 'string' }])
    expectRenamed(
      writer,
      contract,
      record('R', [
        { name: 'a', type: renamed('NewA') },
        { name: 'b', type: { type: 'array', items: ['null', renamed('NewB')] } },
        // Not an alias of it: a type keeps its own name.
        { name: 'c', type: ['null', { type: 'map', values: renamed('OldC') }] },
      ]),
    )
  })

  test('keeps a field that has the name itself, and takes one old name alone', () => {
    const contract = record('R', [{ name: 'device', type: 'string', aliases: ['deviceId', 'phone'] }])
    const both = record('R', [
      { name: 'deviceId', type: 'string' },
      { name: 'device', type: 'string' },
    ])
    expectRenamed(both, contract, both)
    const old = record('R', [
      { name: 'phone', type: 'string' },
      { name: 'deviceId', type: 'string' },
    ])
    expectRenamed(
      old,
      contract,
      record('R', [
        { name: 'device', type: 'string' },
        { name: 'deviceId', type: 'string' },
      ]),
    )
  })

  test('finds branches of a union by the names that they had, in their namespace', () => {
    const branches = (name: string) => [
      record(name, [{ name: 'dwell', type: 'long' }], { namespace: 'shop' }),
      { type: 'enum', name: 'Kind', symbols: ['a'] },
    ]
    const [view, kind] = branches('View')
    const contract = record('R', [{ name: 'action', type: [{ ...(view as Json), aliases: ['Look'] }, kind, 'null'] }])
    expectRenamed(
      record('R', [{ name: 'action', type: branches('Look') }]),
      contract,
      record('R', [{ name: 'action', type: branches('View') }]),
    )
  })

  test('follows types that stand in themselves', () => {
    const chain = (field: string, aliases: readonly string[]) =>
      record('Node', [{ name: field, type: ['null', 'Node'], ...(aliases.length === 0 ? {} : { aliases }) }])
    const renamed = readWriterSchema(chain('below', []), chain('next', ['below']))
    const field = renamed?.fields[0]
    expect(field?.name).toBe('next')
    expect(field?.type.kind === 'union' ? field.type.branches[1] : null).toBe(renamed)
  })

  test('is as it was where the contract has no aliases, and null where it can not be read', () => {
    const plain = record('R', [{ name: 'x', type: 'int', aliases: 'no list' }])
    expectRenamed(plain, record('Other', [{ name: 'y', type: 'int' }]), plain)
    expect(readWriterSchema({ type: 'record' }, plain)).toBe(null)
    expect(readWriterSchema('string', plain)).toBe(null)
  })
})
