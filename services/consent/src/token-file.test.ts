import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readTokenFile, TokenFileError } from './token-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-token-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(text: string, mode = 0o600): string {
  const path = join(folder, 'token')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const TOKEN = 'abcdefghijklmnopqrstuvwxyz0123456789'

test('a token is read without the end of its line', () => {
  expect(readTokenFile(file(`${TOKEN}\n`))).toBe(TOKEN)
})

test.skipIf(process.platform === 'win32')('a file that others can read is refused, with the mend', () => {
  expect(() => readTokenFile(file(TOKEN, 0o640))).toThrow(/chmod 600/)
})

test.each(['', 'short', `${TOKEN} ${TOKEN}`, `${TOKEN}\n${TOKEN}`])('what is no token is refused: %j', (text) => {
  expect(() => readTokenFile(file(text))).toThrow(TokenFileError)
})

test('the refusal does not hold the token', () => {
  try {
    readTokenFile(file('secret but wrong'))
    expect.unreachable()
  } catch (error) {
    expect(String(error)).not.toContain('secret')
  }
})

test('a missing file is named', () => {
  expect(() => readTokenFile(join(folder, 'nowhere'))).toThrow(/nowhere.*ENOENT/)
})
