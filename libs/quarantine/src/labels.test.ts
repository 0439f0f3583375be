import { Rows } from '@weir/kafka'
import { expect, test } from 'vitest'
import { labelHeaders, labelOf } from './labels.ts'

const label = { rawTopic: 'a.raw', rawPartition: 3, rawOffset: 2 ** 40, code: 'WEIR_EVENT_EMPTY', words: 'no value' }

/** One row whose value is empty, with these headers behind it (each shorter than 64 bytes). */
function rowWith(headers: readonly (readonly [string, Buffer])[]): Rows {
  const part = (bytes: Buffer) => Buffer.concat([Buffer.of(bytes.length * 2), bytes])
  const behind = headers.flatMap(([name, value]) => [part(Buffer.from(name)), part(value)])
  const rows = new Rows(1)
  rows.count = 1
  rows.source[0] = Buffer.concat([Buffer.of(headers.length * 2), ...behind])
  return rows
}

test('A label is read back as it was written', () => {
  expect(labelOf(rowWith(labelHeaders(label)), 0)).toEqual(label)
})

test('A record that lacks a part of its label has none, nor has one with a place that is no number', () => {
  const headers = labelHeaders(label)
  expect(labelOf(rowWith([]), 0)).toBeNull()
  for (const left of ['topic', 'partition', 'offset', 'exception.class.name']) {
    expect(labelOf(rowWith(headers.filter(([name]) => name !== `__connect.errors.${left}`)), 0)).toBeNull()
  }
  for (const wrong of ['-1', '1e3', '', '99999999999999999', ' 1']) {
    const changed = headers.map(
      ([name, value]) => [name, name.endsWith('.offset') ? Buffer.from(wrong) : value] as const,
    )
    expect(labelOf(rowWith(changed), 0)).toBeNull()
  }
})

test('A record without a value has no label', () => {
  const rows = rowWith(labelHeaders(label))
  rows.valueStart[0] = -1
  rows.valueEnd[0] = -1
  expect(labelOf(rows, 0)).toBeNull()
})
