import { ByteSearch } from './byte-search.ts'
import { ENCODINGS, type Encoding, encodingsOf } from './encodings.ts'
import type { PersonalLeaf } from './personal-values.ts'

/** A place to search: a topic, a dump of Redis, a log. */
export interface Haystack {
  readonly name: string
  readonly bytes: readonly Uint8Array[]
}

export interface PersonalFound {
  readonly haystack: string
  readonly path: string
  readonly encoding: Encoding
  readonly times: number
}

export interface PersonalSearch {
  /** Places where a value stands that must not; empty is well. */
  readonly found: readonly PersonalFound[]
  readonly times: number
  /** Values searched for, each in every encoding. */
  readonly values: number
  /** Distinct values there are. */
  readonly distinct: number
  /** Leaves tagged as personal of which there was no value to search for. */
  readonly unsearched: readonly string[]
  readonly needles: number
  readonly bytes: number
  /** Leaves of which some value was not found in raw by the same search: then the search itself is no proof. */
  readonly notInRaw: readonly string[]
}

/** Searches all values in every encoding in the haystacks; and in raw, where the plain ones must be found. */
export function searchPersonal(
  leaves: readonly PersonalLeaf[],
  haystacks: readonly Haystack[],
  raw: Haystack,
): PersonalSearch {
  const needles: Buffer[] = []
  const owner: { leaf: number; encoding: Encoding }[] = []
  let values = 0
  for (const [leaf, { values: own }] of leaves.entries()) {
    values += own.length
    for (const value of own) {
      for (const [encoding, bytes] of encodingsOf(value)) {
        needles.push(bytes)
        owner.push({ leaf, encoding })
      }
    }
  }
  const search = new ByteSearch(needles)
  const counts = new Map<string, PersonalFound>()
  let bytes = 0
  for (const haystack of haystacks) {
    for (const part of haystack.bytes) {
      bytes += part.length
      search.search(part, (needle) => count(counts, haystack.name, leaves, owner[needle]))
    }
  }
  return {
    found: [...counts.values()],
    times: [...counts.values()].reduce((sum, { times }) => sum + times, 0),
    values,
    distinct: leaves.reduce((sum, leaf) => sum + leaf.distinct, 0),
    unsearched: leaves.filter((leaf) => leaf.personal && leaf.values.length === 0).map((leaf) => leaf.path),
    needles: needles.length,
    bytes,
    notInRaw: notFound(search, owner, leaves, raw),
  }
}

function count(
  counts: Map<string, PersonalFound>,
  haystack: string,
  leaves: readonly PersonalLeaf[],
  owned: { leaf: number; encoding: Encoding } | undefined,
): void {
  if (owned === undefined) return
  const path = leaves[owned.leaf]?.path ?? ''
  const name = `${haystack}/${path}/${owned.encoding}`
  counts.set(name, { haystack, path, encoding: owned.encoding, times: (counts.get(name)?.times ?? 0) + 1 })
}

function notFound(
  search: ByteSearch,
  owner: readonly { leaf: number; encoding: Encoding }[],
  leaves: readonly PersonalLeaf[],
  raw: Haystack,
): string[] {
  const seen = new Set<number>()
  for (const part of raw.bytes) search.search(part, (needle) => seen.add(needle))
  const missing = new Set<string>()
  for (const [needle, { leaf, encoding }] of owner.entries()) {
    if (encoding === ENCODINGS[0] && !seen.has(needle)) missing.add(leaves[leaf]?.path ?? '')
  }
  return [...missing]
}
