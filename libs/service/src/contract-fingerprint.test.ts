import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { contractFingerprint } from './contract-fingerprint.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-fingerprint-'))
  mkdirSync(join(folder, 's/lists'), { recursive: true })
  write('purposes.yaml', 'p')
  write('s/event.avsc', '{}')
  write('s/lists/ä.txt', 'ä')
})
afterEach(() => rmSync(folder, { recursive: true }))
const write = (file: string, text: string) => writeFileSync(join(folder, file), text)

test('it is the SHA-256 of paths, lengths and bytes, ascending by path', () => {
  const all = 'purposes.yaml\0' + '1\0p' + 's/event.avsc\0' + '2\0{}' + 's/lists/ä.txt\0' + '2\0ä'
  expect(contractFingerprint(folder)).toEqual(createHash('sha256').update(all).digest())
})

test('it hangs on every file that decides, and on no other', () => {
  const before = contractFingerprint(folder)
  write('s/cases.yaml', 'policy tests')
  write('s/README.md', 'a word')
  expect(contractFingerprint(folder)).toEqual(before)
  write('s/a.1.yaml', '')
  expect(contractFingerprint(folder)).not.toEqual(before)
  rmSync(join(folder, 's/a.1.yaml'))
  write('s/lists/ä.txt', 'a')
  expect(contractFingerprint(folder)).not.toEqual(before)
})
