import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** One mistake put into a preset, and what must be said of it (planted.yaml explains the keys). */
export interface Planted {
  readonly kind: string
  readonly preset: string
  readonly file: string
  readonly replace: string
  readonly with: string
  readonly finds: string
  readonly at: string
  readonly in?: string
}

const KEYS = ['kind', 'preset', 'file', 'replace', 'with', 'finds', 'at', 'in']
const OPTIONAL = 'in'

export function plantedMistakes(): Planted[] {
  const list: unknown = parse(readFileSync(new URL('planted.yaml', import.meta.url), 'utf8'))
  if (!Array.isArray(list)) throw new Error('planted.yaml is no list')
  return list.map((one, i) => {
    if (isPlanted(one)) return one
    throw new Error(
      `planted.yaml: entry ${i + 1} needs these keys, each a text: ${KEYS.join(', ')} ("in" may be left out)`,
    )
  })
}

function isPlanted(one: unknown): one is Planted {
  if (typeof one !== 'object' || one === null) return false
  const entries = new Map<string, unknown>(Object.entries(one))
  const complete = KEYS.every((key) => key === OPTIONAL || entries.has(key))
  return complete && [...entries].every(([key, value]) => KEYS.includes(key) && typeof value === 'string')
}

/** The preset's texts with the mistake in them. Fails when the text to replace is not there exactly once. */
export function plant(mistake: Planted, files: ReadonlyMap<string, string>): Map<string, string> {
  const parts = (files.get(mistake.file) ?? '').split(mistake.replace)
  if (parts.length !== 2) {
    throw new Error(`"${mistake.replace}" stands ${parts.length - 1} times in ${mistake.preset}/${mistake.file}`)
  }
  return new Map(files).set(mistake.file, parts.join(mistake.with))
}

/** Where the report belongs. */
export function expectedPlace(mistake: Planted, files: ReadonlyMap<string, string>): { file: string; line: number } {
  const file = mistake.in ?? mistake.file
  const line = (files.get(file) ?? '').split('\n').findIndex((text) => text.includes(mistake.at)) + 1
  if (line === 0) throw new Error(`"${mistake.at}" stands nowhere in ${mistake.preset}/${file}`)
  return { file, line }
}
