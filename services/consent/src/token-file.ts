import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'

const MIN_LENGTH = 32
const MAX_LENGTH = 1024
const MAKE_ONE = 'Make one with: (umask 077; head -c 32 /dev/urandom | base64 > FILE)'

/** The token file can't be used; `message` says why and how to mend it. Never holds the token. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError'
  readonly code = 'WEIR_CONSENT_TOKEN_FILE'
}

/**
 * Reads the service token: one line of 32 characters or more (RFC 6750's alphabet), in a file that only its owner can
 * read. Mode and text come from one open file, so that none is swapped between.
 */
export function readTokenFile(path: string): string {
  const file = open(path)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new TokenFileError(`The token file ${path} is not a file. ${MAKE_ONE}`)
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      throw new TokenFileError(`Others can use the token file ${path}. Run: chmod 600 ${path}`)
    }
    const token = stat.size > MAX_LENGTH ? '' : readFileSync(file, 'utf8').trim()
    if (token.length < MIN_LENGTH || !/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) {
      const rule = `one line of ${MIN_LENGTH} to ${MAX_LENGTH} letters, digits or - . _ ~ + / =`
      throw new TokenFileError(`The token file ${path} must hold ${rule}. ${MAKE_ONE}`)
    }
    return token
  } finally {
    closeSync(file)
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new TokenFileError(`The token file ${path} can't be opened (${code}). ${MAKE_ONE}`)
  }
}
