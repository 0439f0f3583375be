import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { shop } from './fixtures/shop.ts'
import { ContractError, loadContracts } from './index.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'contract-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(files: ReadonlyMap<string, string | Buffer>): void {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

describe('a contract in a folder', () => {
  it('is the same as its texts, wherever the folder is named from', () => {
    write(shop())
    const wanted = { ...loadContracts(shop()), folder: '' }
    for (const name of [folder, `${folder}/`, join(folder, 'shop', '..')]) {
      expect({ ...loadContracts(name), folder: '' }).toEqual(wanted)
    }
    expect(loadContracts(folder).folder).toBe(folder)
  })

  it('may hold hidden files and files of other kinds', () => {
    write(
      new Map<string, string | Buffer>([
        ...shop(),
        ['.hidden.yaml', 'x'],
        ['.git/a.yaml', 'x'],
        ['a.png', Buffer.from([255])],
      ]),
    )
    expect(() => loadContracts(folder)).not.toThrow()
  })

  it('that does not exist is told as such', () => {
    expect(() => loadContracts(join(folder, 'none'))).toThrow(/can't be read \(ENOENT\).*WEIR_CONTRACTS/)
    expect(() => loadContracts(join(folder, 'none'))).toThrow(ContractError)
  })

  it('is not looked for further in a folder without purposes.yaml', () => {
    write(new Map([['project/package.json', '{}']]))
    expect(() => loadContracts(folder)).toThrow(/^1 fault .*\n.*there is no purposes\.yaml/)
  })

  it('with a file that is no text names the file', () => {
    write(new Map<string, string | Buffer>([...shop(), ['lists/words.txt', Buffer.from([0x61, 0xff])]]))
    expect(() => loadContracts(folder)).toThrow(/lists\/words\.txt:1:1: the file is not UTF-8/)
  })
})
