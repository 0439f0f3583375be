import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ByteSearch } from '../check/byte-search.ts'
import { encodingsOf } from '../check/encodings.ts'

/** Where values stand, in any encoding: by value, the files below a folder that hold it. */
export class FileSearch {
  readonly #search: ByteSearch
  readonly #owners: readonly string[]

  /** @param values as hex, at least 8 bytes each */
  constructor(values: Iterable<string>) {
    const needles = [...values].flatMap((value) =>
      encodingsOf(Buffer.from(value, 'hex')).map(([, bytes]) => [value, bytes] as const),
    )
    this.#search = new ByteSearch(needles.map(([, bytes]) => bytes))
    this.#owners = needles.map(([value]) => value)
  }

  /**
   * Reads every file below a folder, whatever its name. One that is renamed or removed meanwhile may have been missed under
   * both names, so then all are read again.
   */
  inFolder(folder: string): Map<string, Set<string>> {
    for (;;) {
      try {
        const found = new Map<string, Set<string>>()
        for (const path of filesBelow(folder)) {
          for (const value of this.inBytes(withoutTail(readFileSync(path)))) {
            found.set(value, (found.get(value) ?? new Set()).add(relative(folder, path)))
          }
        }
        return found
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      }
    }
  }

  inBytes(bytes: Uint8Array): Set<string> {
    const found = new Set<string>()
    this.#search.search(bytes, (needle) => found.add(this.#owners[needle] as string))
    return found
  }
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

const HOLE = Buffer.alloc(4_096)

/** Files made longer than what is in them, such as a broker's indices, end in zeros; these take no searching. */
function withoutTail(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end >= HOLE.length && bytes.subarray(end - HOLE.length, end).equals(HOLE)) end -= HOLE.length
  return bytes.subarray(0, end)
}
