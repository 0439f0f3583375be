import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

const COUNTED = /\.(yaml|avsc|txt)$/
/** Policy tests: they change nothing of what is decided. */
const NOT_COUNTED = 'cases.yaml'

/**
 * SHA-256 over a contract folder, 32 bytes: of each file below it whose name ends in .yaml, .avsc or .txt, `cases.yaml`
 * left out, ascending by path (with forward slashes, compared as UTF-8 bytes): path ‖ 00 ‖ length in bytes, in decimal ‖
 * 00 ‖ the bytes. Whoever audits computes it anew, so it is a format.
 *
 * @throws an error of node:fs when the folder can't be read
 */
export function contractFingerprint(folder: string): Buffer {
  const hash = createHash('sha256')
  for (const { name, path } of filesOf(folder)) {
    const bytes = readFileSync(path)
    hash.update(name).update(`\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest()
}

function filesOf(folder: string): { name: Buffer; path: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && COUNTED.test(entry.name) && entry.name !== NOT_COUNTED)
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: Buffer.from(relative(folder, path).split(sep).join('/')), path }))
    .sort((a, b) => Buffer.compare(a.name, b.name))
}
