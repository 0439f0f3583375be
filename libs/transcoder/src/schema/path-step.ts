import { branchName, keysOf, type Path } from '@weir/contracts'

/** One step of a path, read: `name`, `[]`, `{a,b}`, `<View>`. */
export type PathStep =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'items' }
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  | { readonly kind: 'branch'; readonly name: string }

export function readStep(text: string): PathStep {
  if (text === ITEMS) return { kind: 'items' }
  const keys = keysOf(text)
  if (keys !== null) return { kind: 'keys', keys }
  const branch = branchName(text)
  return branch === null ? { kind: 'field', name: text } : { kind: 'branch', name: branch }
}

/** The step into the elements of an array. */
export const ITEMS = '[]'

/** The step to one key of a map. */
export function keyStep(key: string): string {
  return `{${key}}`
}

/** What is left of a path after this step; null when it goes another way. */
export function restAfter(path: Path | null, step: string): Path | null {
  return path?.[0] === step ? path.slice(1) : null
}

/** What is left of a path after the map key, when its first step names it; null when it goes another way. */
export function restAfterKey(path: Path | null, key: string): Path | null {
  const [first, ...rest] = path ?? []
  return first !== undefined && keysOf(first)?.includes(key) === true ? rest : null
}
