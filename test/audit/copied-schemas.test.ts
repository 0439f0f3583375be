import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** The auditor imports nothing of ours, so it has copies. What it reads must be what is written. */
test.each([
  ['services/auditor/src/consent/ledger.json', 'libs/consent/schemas/ledger.json'],
  ['services/auditor/src/consent/state.json', 'libs/consent/schemas/state.json'],
  ['services/auditor/src/chunk.json', 'libs/audit/schemas/chunk.json'],
])('%s is as %s', (copy, original) => {
  expect(readFileSync(resolve(root, copy), 'utf8')).toBe(readFileSync(resolve(root, original), 'utf8'))
})
