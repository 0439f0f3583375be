import type { Json } from './json.ts'

/** One key of a file, told once for the loader, for editors and for the reference page. */
export interface KeyWords {
  readonly key: string
  readonly required: boolean
  /** What it looks like, as a sample or in words. */
  readonly form: string
  /** Plain words. */
  readonly words: string
  /** JSON Schema of its value (draft 2020-12); `#/$defs/…` are those of language-schemas.ts. */
  readonly schema: Json
}

export function keyNames(keys: readonly KeyWords[]): string[] {
  return keys.map((key) => key.key)
}
