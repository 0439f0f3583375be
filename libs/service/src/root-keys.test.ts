import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { KeyFileError } from './key-file.ts'
import { readRootKeys } from './root-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-root-keys-'))
afterAll(() => rmSync(folder, { recursive: true }))

const key = (fill: string): Buffer => Buffer.alloc(32, fill)

/** Writes a key folder. @param files bytes by name, mode 0600 */
function keyFolder(files: Readonly<Record<string, Buffer | string>>): string {
  const path = mkdtempSync(join(folder, 'keys-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content, { mode: 0o600 })
  return path
}

function refusal(path: string): KeyFileError {
  try {
    readRootKeys(path)
  } catch (error) {
    if (error instanceof KeyFileError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('root keys', () => {
  test('of a single file are one key, of epoch 1', () => {
    const path = join(keyFolder({ 'root.key': key('a') }), 'root.key')
    expect(readRootKeys(path)).toEqual({ keys: [[1, key('a')]], current: 1 })
  })

  test('of a folder are by epoch, and the highest number is current', () => {
    const { keys, current } = readRootKeys(keyFolder({ '9.key': key('i'), '10.key': key('j'), '255.key': key('z') }))
    expect(new Map(keys)).toEqual(new Map([[9, key('i')] as const, [10, key('j')] as const, [255, key('z')] as const]))
    expect(current).toBe(255)
  })

  test.each(['1', '1\n', ' 1 \n'])('have another epoch current when the file "current" holds %j', (text) => {
    const { keys, current } = readRootKeys(keyFolder({ '1.key': key('a'), '2.key': key('b'), current: text }))
    expect(keys).toHaveLength(2)
    expect(current).toBe(1)
  })

  test('are read from a mounted secret, whose files are links into a dotted folder', () => {
    const path = keyFolder({})
    mkdirSync(join(path, '..data'))
    writeFileSync(join(path, '..data', '3.key'), key('c'), { mode: 0o400 })
    symlinkSync(join('..data', '3.key'), join(path, '3.key'))
    expect(readRootKeys(path)).toEqual({ keys: [[3, key('c')]], current: 3 })
  })
})

describe('a key folder is refused', () => {
  test('when it has no key, with or without a current epoch', () => {
    for (const files of [{}, { current: '1' }]) {
      const error = refusal(keyFolder(files))
      expect(error.code).toBe('WEIR_KEY_FOLDER')
      expect(error.message).toContain('has no key. Put the root key there as 1.key')
    }
  })

  test('when the current epoch has no key', () => {
    const error = refusal(keyFolder({ '1.key': key('a'), current: '2' }))
    expect(error.code).toBe('WEIR_KEY_FOLDER')
    expect(error.message).toContain('no 2.key, which its file current names')
  })

  test.each(['', 'two', '0', '256', '1.5', '01', '1 2'])('when "current" holds %j', (text) => {
    const error = refusal(keyFolder({ '1.key': key('a'), current: text }))
    expect(error.code).toBe('WEIR_KEY_FOLDER')
    expect(error.message).toContain('1 to 255')
  })

  test.each(['0.key', '01.key', '256.key', 'root.key', '2.key.old', '2.KEY', '2'])(
    'when a file is called %s',
    (name) => {
      const error = refusal(keyFolder({ '1.key': key('a'), [name]: key('b') }))
      expect(error.code).toBe('WEIR_KEY_FOLDER')
      expect(error.message).toContain(`has a file ${name}.`)
    },
  )

  test('when others can use one of its keys, though it is not the current one', () => {
    const path = keyFolder({ '1.key': key('a'), '2.key': key('b') })
    chmodSync(join(path, '1.key'), 0o644)
    const error = refusal(path)
    expect(error.code).toBe('WEIR_KEY_FILE_OPEN_TO_OTHERS')
    expect(error.message).toContain(`chmod 600 ${join(path, '1.key')}`)
  })

  test('when one of its keys has another size, and never shows a byte of it', () => {
    const error = refusal(keyFolder({ '1.key': key('a'), '2.key': Buffer.alloc(31, 'K') }))
    expect(error.code).toBe('WEIR_KEY_FILE_SIZE')
    expect(error.message).toContain('2.key has 31 bytes')
    expect(error.message).not.toContain('KKK')
  })

  test('when there is nothing at its path', () => {
    expect(refusal(join(folder, 'nothing')).code).toBe('WEIR_KEY_FILE_MISSING')
  })
})
