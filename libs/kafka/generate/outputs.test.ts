import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generated } from './outputs.ts'

test.each([...generated()])('%s is what the table gives: else run `npm run generate -w @weir/kafka`', (path, text) => {
  expect(readFileSync(path, 'utf8')).toBe(text)
})
