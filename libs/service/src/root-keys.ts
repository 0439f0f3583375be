import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { KeyFileError, readKeyFile } from './key-file.ts'

const KEY_NAME = /^([1-9][0-9]{0,2})\.key$/
const LAST_EPOCH = 255
const CURRENT = 'current'

/** Root keys by epoch, as the key ring of `@weir/pseudonym` takes them. */
export interface RootKeys {
  readonly keys: readonly (readonly [epoch: number, key: Buffer])[]
  /** Epoch of new grants and newly sealed records. */
  readonly current: number
}

/**
 * Reads what WEIR_ROOT_KEY_FILE names. A file is the key of epoch 1. A folder holds `<epoch>.key` for each epoch in use
 * (1 to 255; each as `readKeyFile` wants it); the highest is current, unless a file `current` there holds the number of
 * another. Other files are refused, so that no key is left out for its name; names with a leading dot are passed over.
 * @throws KeyFileError
 */
export function readRootKeys(path: string): RootKeys {
  if (!isFolder(path)) return { keys: [[1, readKeyFile(path)]], current: 1 }
  const names = namesIn(path)
  const epochs = names.filter((name) => name !== CURRENT).map((name) => epochOf(path, name))
  if (epochs.length === 0) throw folderError(path, 'has no key. Put the root key there as 1.key')
  const current = names.includes(CURRENT) ? readCurrent(path) : Math.max(...epochs)
  if (!epochs.includes(current)) {
    throw folderError(path, `has no ${current}.key, which its file ${CURRENT} names. Bring the key, or name another`)
  }
  return { keys: epochs.map((epoch) => [epoch, readKeyFile(join(path, `${epoch}.key`))] as const), current }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function namesIn(path: string): string[] {
  try {
    // A mounted Kubernetes secret has `..data` and the like beside its files.
    return readdirSync(path).filter((name) => !name.startsWith('.'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new KeyFileError('WEIR_KEY_FILE_UNREADABLE', `Key folder ${path} can't be read (${code}): check who owns it.`)
  }
}

function epochOf(path: string, name: string): number {
  const epoch = Number(KEY_NAME.exec(name)?.[1] ?? 0)
  if (epoch >= 1 && epoch <= LAST_EPOCH) return epoch
  throw folderError(
    path,
    `has a file ${name}. Only 1.key to ${LAST_EPOCH}.key and ${CURRENT} belong there: move it away`,
  )
}

function readCurrent(path: string): number {
  const text = readFileSync(join(path, CURRENT), 'utf8').trim()
  const epoch = /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : 0
  if (epoch >= 1 && epoch <= LAST_EPOCH) return epoch
  throw folderError(path, `has a file ${CURRENT} that holds no key epoch. Write one number into it, 1 to ${LAST_EPOCH}`)
}

function folderError(path: string, what: string): KeyFileError {
  return new KeyFileError('WEIR_KEY_FOLDER', `Key folder ${path} ${what}.`)
}
