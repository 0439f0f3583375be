import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'

const KEY_BYTES = 32
const MAKE_ONE = 'Make one with: (umask 077; head -c 32 /dev/urandom > FILE)'

export type KeyFileCode =
  | 'WEIR_KEY_FILE_MISSING'
  | 'WEIR_KEY_FILE_UNREADABLE'
  | 'WEIR_KEY_FILE_OPEN_TO_OTHERS'
  | 'WEIR_KEY_FILE_SIZE'
  | 'WEIR_KEY_FOLDER'

/** A key file can't be used; `code` says why, `message` how to mend it. Never holds bytes of the key. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  readonly code: KeyFileCode

  constructor(code: KeyFileCode, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Reads a key: exactly 32 raw bytes in a file that only its owner can read (mode 0600 or 0400; not checked on
 * Windows, which has no such modes). Mode and bytes are taken from one open file, so that none is swapped between.
 */
export function readKeyFile(path: string): Buffer {
  const file = open(path)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile())
      throw new KeyFileError('WEIR_KEY_FILE_UNREADABLE', `Key file ${path} is not a file. ${MAKE_ONE}`)
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
      const mend = `Run: chmod 600 ${path}`
      throw new KeyFileError(
        'WEIR_KEY_FILE_OPEN_TO_OTHERS',
        `Key file ${path} has mode ${mode}: others can use it. ${mend}`,
      )
    }
    if (stat.size !== KEY_BYTES) {
      const why = `has ${stat.size} bytes; a key is ${KEY_BYTES} raw bytes, not hex or base64`
      throw new KeyFileError('WEIR_KEY_FILE_SIZE', `Key file ${path} ${why}. ${MAKE_ONE}`)
    }
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (code === 'ENOENT') throw new KeyFileError('WEIR_KEY_FILE_MISSING', `There is no key file ${path}. ${MAKE_ONE}`)
    throw new KeyFileError('WEIR_KEY_FILE_UNREADABLE', `Key file ${path} can't be opened (${code}): check who owns it.`)
  }
}
