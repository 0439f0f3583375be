import { expect, test } from 'vitest'
import { harmless } from './harmless.ts'
import { recordText } from './record-text.ts'

const record = {
  partition: 1,
  offset: 7,
  atMs: Date.UTC(2026, 0, 15, 10, 20, 30),
  label: { rawTopic: 'raw', rawPartition: 0, rawOffset: 3, code: 'WEIR_EVENT_EMPTY', words: 'no value' },
  sealed: Buffer.alloc(0),
}

test('A record is told by where it lies, why it is there and where it was', () => {
  expect(recordText('q', record, null)).toBe(
    'q 1:7, quarantined 2026-01-15T10:20:30Z\n  WEIR_EVENT_EMPTY: no value\n  was raw partition 0 offset 3\n',
  )
  expect(recordText('q', { ...record, label: null }, null)).toContain('Weir did not write it')
  expect(recordText('q', record, 'no key')).toContain('  does not open: no key\n')
})

test('Nothing that a producer wrote steers the terminal', () => {
  const nasty = '\x1b[2J\x07\u009b31m\r\n\x7f'
  const payload = { key: nasty, appendTimeMs: 0, event: { a: nasty }, hex: null, notice: null }
  const label = { ...record.label, words: nasty }
  const text = recordText('q', { ...record, label }, payload)
  expect([...text].filter((char) => /\p{Cc}/u.test(char) && char !== '\n')).toEqual([])
  expect(text.split('\n')).toHaveLength(7)
})

test('Nor does it turn the direction of what follows', () => {
  expect(harmless('a\u202eb\u2066c\u2028')).toBe('a\\u202eb\\u2066c\\u2028')
})
