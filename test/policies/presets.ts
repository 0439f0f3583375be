import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../../infra/presets', import.meta.url))

/** A contract folder that people copy, with one stream of the same name. */
export interface Preset {
  readonly name: string
  readonly folder: string
  /** Texts by path inside the folder. */
  readonly files: ReadonlyMap<string, string>
}

const NAMES = ['shop', 'media', 'bank'] as const

export function presets(): Preset[] {
  return NAMES.map((name) => {
    const folder = join(FOLDER, name)
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const paths = entries.map((entry) => join(entry.parentPath, entry.name))
    const files = paths.map(
      (path) => [relative(folder, path).split(sep).join('/'), readFileSync(path, 'utf8')] as const,
    )
    return { name, folder, files: new Map(files) }
  })
}
