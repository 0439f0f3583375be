import { describe, expect, it } from 'vitest'
import { leavesOf, readAvro } from './avro.ts'
import type { Json } from './json.ts'

function read(schema: Json) {
  const faults: string[] = []
  const record = readAvro(schema, (pointer, what) => faults.push(`${pointer.join('/')} ${what}`))
  const leaves = record === null ? [] : leavesOf(record).map((leaf) => `${leaf.path.join('.')} ${leaf.type.type}`)
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

  it('takes null last as well as null first for an optional value, and any other union for closed', () => {
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
    expect(leaves.map((leaf) => [leaf.name, leaf.nullable, leaf.type.closed !== null])).toEqual([
      ['a', true, false],
      ['b', false, true],
      ['c', false, true],
      ['d', false, true],
    ])
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
