import { describe, expect, it } from 'vitest'
import { leavesOf, nodeText } from './avro.ts'
import type { Json } from './json.ts'
import { readAvro } from './read-avro.ts'

function read(schema: Json) {
  const faults: string[] = []
  const record = readAvro(schema, (pointer, what) => faults.push(`${pointer.join('/')} ${what}`))
  const leaves = record === null ? [] : leavesOf(record).map((leaf) => `${nodeText(leaf)} ${leaf.type}`)
  return { record, leaves, faults }
}

describe('reading an Avro schema', () => {
  it('resolves names by the namespace around them, and full names from anywhere', () => {
    const { leaves, faults } = read({
      type: 'record',
      name: 'a.Outer',
      fields: [
        { name: 'x', type: { type: 'record', name: 'Inner', fields: [{ name: 'v', type: 'int' }] } },
        { name: 'y', type: { type: 'record', name: 'b.Inner', fields: [{ name: 'w', type: 'long' }] } },
        { name: 'near', type: 'Inner' },
        { name: 'far', type: ['null', 'b.Inner'] },
        { name: 'wrapped', type: { type: 'a.Inner' } },
      ],
    })
    expect(faults).toEqual([])
    expect(leaves).toEqual(['x.v int', 'y.w long', 'near.v int', 'far.w long', 'wrapped.v int'])
  })

  it('stops at a record inside itself', () => {
    const { leaves } = read({
      type: 'record',
      name: 'Node',
      fields: [
        { name: 'v', type: 'int' },
        { name: 'next', type: ['null', 'Node'] },
      ],
    })
    expect(leaves).toEqual(['v int', 'next record'])
  })

  it('lets leaves inherit the tags of the records around them', () => {
    const { record } = read({
      type: 'record',
      name: 'E',
      fields: [
        {
          name: 'person',
          type: { type: 'record', name: 'P', fields: [{ name: 'age', type: 'int', 'confluent:tags': ['x'] }] },
          'confluent:tags': ['PII'],
        },
      ],
    })
    const leaf = record === null ? undefined : leavesOf(record)[0]
    expect([leaf?.tags, leaf?.ownTags]).toEqual([['PII', 'x'], ['x']])
  })

  it('takes null last as well as null first for an optional value, and looks into other unions', () => {
    const { record } = read({
      type: 'record',
      name: 'E',
      fields: [
        { name: 'a', type: ['string', 'null'] },
        { name: 'b', type: ['string'] },
        { name: 'c', type: ['null', 'int', 'long'] },
        { name: 'd', type: 'null' },
      ],
    })
    const leaves = record === null ? [] : leavesOf(record)
    expect(leaves.map((leaf) => [nodeText(leaf), leaf.optional, leaf.closed !== null])).toEqual([
      ['a', true, false],
      ['b', false, false],
      ['c<int>', true, false],
      ['c<long>', true, false],
      ['d', false, true],
    ])
  })

  it('goes through arrays and maps, whose parts have the doc and the tags of the field', () => {
    const { record, leaves } = read({
      type: 'record',
      name: 'E',
      fields: [
        {
          name: 'grid',
          type: { type: 'array', items: ['null', { type: 'array', items: 'int' }] },
          doc: 'Numbers.',
          'confluent:tags': ['x'],
        },
        {
          name: 'byKey',
          type: { type: 'map', values: { type: 'record', name: 'V', fields: [{ name: 'w', type: 'string' }] } },
        },
      ],
    })
    expect(leaves).toEqual(['grid[][] int', 'byKey{}.w string'])
    const leaf = record === null ? undefined : leavesOf(record)[0]
    expect([leaf?.doc, leaf?.tags, leaf?.optional]).toEqual(['Numbers.', ['x'], true])
  })

  it('calls branches by their short names, and by their full ones where two are alike', () => {
    const branch = (name: string) => ({ type: 'record', name, fields: [{ name: 'v', type: 'int' }] })
    const { leaves, record } = read({
      type: 'record',
      name: 'E',
      namespace: 'n',
      fields: [
        { name: 'a', type: ['null', branch('View'), branch('other.Buy'), 'string', { type: 'array', items: 'int' }] },
        { name: 'b', type: [branch('x.Same'), branch('y.Same')] },
        { name: 'c', type: ['View', 'other.Buy'] },
      ],
    })
    expect(leaves).toEqual([
      'a<View>.v int',
      'a<Buy>.v int',
      'a<string> string',
      'a<array>[] int',
      'b<x.Same>.v int',
      'b<y.Same>.v int',
      'c<View>.v int',
      'c<Buy>.v int',
    ])
    // Another branch may stand there, also where null may not.
    expect(record === null ? [] : leavesOf(record).filter((leaf) => !leaf.optional)).toEqual([])
  })

  it('refuses a schema that unfolds without measure', () => {
    // Each record holds the one before it ten times: five of them are a hundred thousand leaves.
    const field = (type: Json) => Array.from({ length: 10 }, (_, i) => ({ name: `f${i}`, type: i === 0 ? type : 'T0' }))
    let type: Json = { type: 'record', name: 'T0', fields: [{ name: 'v', type: 'int' }] }
    for (let depth = 1; depth <= 5; depth++) {
      const fields: Json[] = field(type).map((one, i) => (i === 0 ? one : { ...one, type: `T${depth - 1}` }))
      type = { type: 'record', name: `T${depth}`, fields }
    }
    expect(read(type).faults).toEqual([expect.stringContaining('more than 10000 places')])
  })

  it('says where something is no schema', () => {
    expect(read('string').faults).toEqual([' the schema of an event must be an Avro record'])
    expect(read({ type: 'record', name: 'E' }).faults[0]).toBe(' a record has no list of fields')
    expect(read({ type: 'record', name: 'E', fields: [{ type: 'int' }] }).faults[0]).toBe(
      'fields/0 a field has no name',
    )
    const tagged = { name: 'a', type: 'int', 'confluent:tags': 'PII' }
    expect(read({ type: 'record', name: 'E', fields: [tagged] }).faults[0]).toContain('must be a list of words')
  })
})
