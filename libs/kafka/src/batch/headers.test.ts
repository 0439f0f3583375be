import { expect, test } from 'vitest'
import { dataBatch, fetched, type LogRecord } from '../../fixtures/log.ts'
import { recordHeaders } from './headers.ts'
import { Rows } from './rows.ts'
import { RecordWalk } from './walk.ts'

function rowsOf(records: readonly LogRecord[]): Rows {
  const rows = new Rows(10)
  new RecordWalk(fetched([dataBatch(0, records)])).fill(rows, 10)
  return rows
}

const record = { timestampMs: 1, key: Buffer.from('k') }

test('Headers of each row are those it was written with, in their order, and none where there are none', () => {
  const headers = [
    ['a', Buffer.from('one')],
    ['b', Buffer.alloc(300, 7)],
    ['a', Buffer.alloc(0)],
  ] as const
  const rows = rowsOf([
    { ...record, value: Buffer.from('v'), headers },
    { ...record, value: Buffer.alloc(0) },
    { ...record, value: Buffer.from('w'), headers: [['last', Buffer.from('two')]] },
  ])
  expect(recordHeaders(rows, 0)).toEqual(headers)
  expect(recordHeaders(rows, 1)).toEqual([])
  expect(recordHeaders(rows, 2)).toEqual([['last', Buffer.from('two')]])
})

test('Where the value is null, headers are not guessed at', () => {
  const rows = rowsOf([{ ...record, value: null, headers: [['a', Buffer.from('one')]] }])
  expect(() => recordHeaders(rows, 0)).toThrow('only where there is a value')
})

test('Headers that run past their source are refused', () => {
  const rows = rowsOf([{ ...record, value: Buffer.from('v'), headers: [['name', Buffer.from('value')]] }])
  rows.source[0] = (rows.source[0] as Buffer).subarray(0, (rows.valueEnd[0] as number) + 8)
  expect(() => recordHeaders(rows, 0)).toThrow('ends behind its record')
})
