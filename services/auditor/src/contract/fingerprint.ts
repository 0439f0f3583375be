import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/**
 * SHA-256 (hex) over all files below a contract folder whose name ends in .yaml, .avsc or .txt, `cases.yaml` left out,
 * ascending by path (/-separated, compared as UTF-8 bytes): path ‖ 00 ‖ byte length in decimal ‖ 00 ‖ bytes.
 */
export function fingerprintOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(yaml|avsc|txt)$/.test(entry.name) && entry.name !== 'cases.yaml')
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file, path: Buffer.from(relative(folder, file).split(sep).join('/'), 'utf8') }))
    .sort((a, b) => Buffer.compare(a.path, b.path))
  const hash = createHash('sha256')
  for (const { file, path } of files) {
    const bytes = readFileSync(file)
    hash.update(path)
    hash.update(Buffer.from(`\0${bytes.length}\0`))
    hash.update(bytes)
  }
  return hash.digest('hex')
}
