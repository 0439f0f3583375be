import type { FileFaults } from '../faults.ts'
import { FILE_START, type Located, parseYaml, type Spot, spotOfPointer } from '../located.ts'

/** Keys and indexes from the root of a YAML or JSON file. */
export type FilePointer = readonly (string | number)[]

/** Where something stands in the texts of a contract. Each file is parsed when it is first asked for. */
export class Places {
  readonly #files: ReadonlyMap<string, string>
  readonly #parsed = new Map<string, Located | null>()

  constructor(files: ReadonlyMap<string, string>) {
    this.#files = files
  }

  /** The place of what a pointer leads to, or of the last step that exists. Blanks in keys do not count. */
  of(file: string, pointer: FilePointer): Spot {
    const root = this.#located(file)
    return root === null ? FILE_START : spotOfPointer(root, this.#asWritten(root, pointer))
  }

  /** Whether the file has something there. */
  has(file: string, pointer: FilePointer): boolean {
    const root = this.#located(file)
    if (root === null) return false
    let at: Located | undefined = root
    for (const step of this.#asWritten(root, pointer)) at = stepInto(at, step)
    return at !== undefined
  }

  /** The place of the line for a leaf, in `granted` or `otherwise` or, when it stands there, in `only`. */
  ofLeaf(file: string, section: 'granted' | 'otherwise', path: string): Spot {
    const candidates: FilePointer[] = [[section, path]]
    const only = stepInto(this.#located(file) ?? undefined, 'only')
    if (only?.kind === 'list') candidates.push(...only.items.map((_, i) => ['only', i, path]))
    return this.of(file, candidates.find((pointer) => this.has(file, pointer)) ?? [section])
  }

  #located(file: string): Located | null {
    const known = this.#parsed.get(file)
    if (known !== undefined) return known
    // Faults of syntax are the loader's to tell.
    const deaf: FileFaults = { file, add() {} }
    const root = parseYaml(this.#files.get(file) ?? '', deaf)
    this.#parsed.set(file, root)
    return root
  }

  #asWritten(root: Located, pointer: FilePointer): FilePointer {
    let at: Located | undefined = root
    return pointer.map((step) => {
      const key = typeof step === 'string' ? writtenKey(at, step) : step
      at = stepInto(at, key)
      return key
    })
  }
}

function stepInto(at: Located | undefined, step: string | number): Located | undefined {
  if (at?.kind === 'map' && typeof step === 'string') return at.entries.get(step)?.value
  if (at?.kind === 'list' && typeof step === 'number') return at.items[step]
  return undefined
}

/** `flags{risk, channel}` is the same path as `flags{risk,channel}`. */
function writtenKey(at: Located | undefined, key: string): string {
  if (at?.kind !== 'map' || at.entries.has(key)) return key
  const bare = key.replaceAll(/\s/g, '')
  return [...at.entries.keys()].find((other) => other.replaceAll(/\s/g, '') === bare) ?? key
}
