import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { KeyFileError, readKeyFile } from './key-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-key-'))
afterAll(() => rmSync(folder, { recursive: true }))

function keyFile(name: string, bytes: Buffer, mode: number): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  chmodSync(path, mode)
  return path
}

function refusal(path: string): KeyFileError {
  try {
    readKeyFile(path)
  } catch (error) {
    if (error instanceof KeyFileError) return error
    throw error
  }
  throw new Error('was not refused')
}

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7))

test.each([0o600, 0o400])('32 bytes with mode %o are a key', (mode) => {
  expect(readKeyFile(keyFile(`good-${mode}`, key, mode))).toEqual(key)
})

test.each([0o640, 0o604, 0o660, 0o644])('a key with mode %o, which others can use, is refused', (mode) => {
  const error = refusal(keyFile(`open-${mode}`, key, mode))
  expect(error.code).toBe('WEIR_KEY_FILE_OPEN_TO_OTHERS')
  expect(error.message).toContain('chmod 600')
})

test.each([0, 31, 33, 64])('a file of %i bytes is no key', (size) => {
  const error = refusal(keyFile(`size-${size}`, Buffer.alloc(size, 'K'), 0o600))
  expect(error.code).toBe('WEIR_KEY_FILE_SIZE')
  expect(error.message).toContain(`${size} bytes`)
  expect(error.message).not.toContain('KKK')
})

test('no file, and a folder in its place, have codes of their own', () => {
  expect(refusal(join(folder, 'nothing')).code).toBe('WEIR_KEY_FILE_MISSING')
  expect(refusal(folder).code).toBe('WEIR_KEY_FILE_UNREADABLE')
})
