import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { ContractError } from './error.ts'
import { FILE_START } from './located.ts'
import { noPurposes, PURPOSES_FILE } from './purposes-file.ts'

/** A contract is read by people, line by line; a file larger than this is something else. */
const LARGEST_BYTES = 4 * 1024 * 1024

const PART_OF_CONTRACT = /\.(ya?ml|avsc|json|txt)$/

/**
 * Reads the texts of a contract folder, by path inside it with forward slashes. The only place of this library that
 * touches the file system. Hidden files and files of other kinds (a README, a picture) are left out. Throws ContractError when the folder can't be read.
 */
export function readFolder(folder: string): Map<string, string> {
  try {
    // First of all, so that a wrong folder (a home, a disk) is not read through.
    if (!readdirSync(folder).includes(PURPOSES_FILE)) throw new ContractError(folder, [noPurposes])
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    const files = new Map<string, string>()
    for (const entry of entries) {
      if (!entry.isFile() || !PART_OF_CONTRACT.test(entry.name)) continue
      const path = join(entry.parentPath, entry.name)
      const name = relative(folder, path).split(sep).join('/')
      if (name.split('/').some((part) => part.startsWith('.'))) continue
      files.set(name, textOf(readFileSync(path), name))
    }
    return files
  } catch (error) {
    if (error instanceof ContractError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw oneFault(
      folder,
      '.',
      'WEIR_CONTRACT_MISSING_FILE',
      `the folder can't be read (${code})`,
      'Set WEIR_CONTRACTS to the folder that holds purposes.yaml',
    )
  }
}

function textOf(bytes: Buffer, name: string): string {
  if (bytes.length > LARGEST_BYTES) {
    throw oneFault(
      '',
      name,
      'WEIR_CONTRACT_SYNTAX',
      'the file is larger than 4 MiB',
      'Take it out of the contract folder',
    )
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw oneFault(
      '',
      name,
      'WEIR_CONTRACT_SYNTAX',
      'the file is not UTF-8 text',
      'Save it as UTF-8, or take it out of the contract folder',
    )
  }
}

function oneFault(
  folder: string,
  file: string,
  code: 'WEIR_CONTRACT_MISSING_FILE' | 'WEIR_CONTRACT_SYNTAX',
  what: string,
  mend: string,
) {
  return new ContractError(folder, [{ code, file, ...FILE_START, what, mend }])
}
