import { expect, test } from 'vitest'
import { outJson } from './cli.ts'

test('No control character of a record reaches a terminal, and the record stays what it is', () => {
  const record = { code: 'a\x1b[2J\x7f\x9b2J\x9f', plain: 'é' }
  const lines: string[] = []
  outJson({ env: {}, out: (text) => lines.push(text), say: () => {}, end: () => {} }, record)
  const [line = ''] = lines
  const controls = [...line.slice(0, -1)].filter((one) => /\p{Cc}/u.test(one))
  expect(controls).toEqual([])
  expect(JSON.parse(line)).toEqual(record)
})
