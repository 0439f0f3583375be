import { Rows } from '@weir/kafka'
import { expect, test } from 'vitest'
import { batchOf } from './batch.ts'
import { UnreadableRecord } from './errors.ts'

/** One row, its key and value somewhere in what was fetched. */
function rowOf(key: string | null, value: Buffer | null): Rows {
  const rows = new Rows(1)
  const source = Buffer.concat([Buffer.from(`..${key ?? ''}.`), value ?? Buffer.alloc(0), Buffer.from('..')])
  const keyEnd = 2 + (key?.length ?? 0)
  rows.source[0] = source
  rows.partition[0] = 3
  rows.offset[0] = 17
  rows.timestampMs[0] = 1_700_000_000_000
  rows.keyStart[0] = key === null ? -1 : 2
  rows.keyEnd[0] = key === null ? -1 : keyEnd
  rows.valueStart[0] = value === null ? -1 : keyEnd + 1
  rows.valueEnd[0] = value === null ? -1 : keyEnd + 1 + value.length
  rows.count = 1
  return rows
}

test('A record has what it is, and the schema’s id apart from its value; it may be nobody’s', () => {
  const value = Buffer.from([0, 1, 2, 3, 4, 65, 66])
  const record = { topic: 't', partition: 3, offset: 17, timestampMs: 1_700_000_000_000, schemaId: 0x01020304 }
  expect(batchOf('t', rowOf('1.ab', value), () => false)).toEqual({
    records: [{ ...record, pseudonym: '1.ab', value: Buffer.from('AB') }],
    leftOut: [],
  })
  expect(batchOf('t', rowOf(null, value.subarray(0, 5)), () => true)).toEqual({
    records: [{ ...record, pseudonym: null, value: Buffer.alloc(0) }],
    leftOut: [],
  })
  expect(batchOf('t', rowOf('1.ab', null), () => true)).toEqual({ records: [], leftOut: ['1.ab'] })
})

test('A value without a schema’s id is none of Weir’s', () => {
  for (const value of [null, Buffer.alloc(0), Buffer.alloc(4), Buffer.from([1, 0, 0, 0, 1, 65])]) {
    expect(() => batchOf('t', rowOf('1.ab', value), () => false)).toThrow(UnreadableRecord)
    expect(() => batchOf('t', rowOf('1.ab', value), () => false)).toThrow(/at 17 of t partition 3/)
  }
})
