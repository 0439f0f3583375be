import type { EventSchema } from './event-schema.ts'
import type { FileFaults } from './faults.ts'
import { type Found, Keys } from './keys.ts'
import { keyNames } from './language-key.ts'
import { sensitiveKeys } from './language-keys.ts'
import type { Located, Spot } from './located.ts'
import type { Path, Sensitive } from './model.ts'
import { ANY_KEY, EACH, pathText } from './path.ts'
import { findPath, type LineContext } from './policy-line.ts'
import { typeText } from './verb-fit.ts'

/** `sensitive`, read, and where it names the purpose that it needs. */
export interface SensitiveLine extends Spot {
  readonly needs: string
  /** Null after faults, or when there is no schema to look the path up in. */
  readonly sensitive: Sensitive | null
}

const KNOWN = keyNames(sensitiveKeys)

/** Null after adding faults. */
export function readSensitive(
  found: Found<Located> | null,
  { schema, readList }: LineContext,
  faults: FileFaults,
): SensitiveLine | null {
  if (found === null) return null
  if (found.value.kind !== 'map') {
    const mend = 'Write {by: path, values: lists/name.txt, needs: purpose}'
    faults.add(found, 'WEIR_CONTRACT_BAD_VALUE', '"sensitive" says nothing', mend)
    return null
  }
  const keys = new Keys(found.value, faults, KNOWN, found)
  const by = keys.text('by')
  const path = by === null || schema === null ? null : readBy(by, schema, faults)
  const file = keys.text('values')
  const needs = keys.text('needs')
  const values = file === null ? null : readList(file.value)
  if (file !== null && values !== null && 'code' in values) faults.add(file, values.code, values.what, values.mend)
  if (needs === null) return null
  const line = { line: needs.line, column: needs.column, needs: needs.value }
  if (path === null || file === null || values === null || 'code' in values) return { ...line, sensitive: null }
  return { ...line, sensitive: { by: path, file: file.value, values, needs: needs.value } }
}

function readBy(by: Found<string>, schema: EventSchema, faults: FileFaults): Path | null {
  const found = findPath(by.value, by, schema, faults)
  if (found === null) return null
  const refuse = (what: string, mend: string): null => {
    faults.add(by, 'WEIR_CONTRACT_CONDITION', what, mend)
    return null
  }
  const { path, leaf } = found
  if (leaf.raw.type !== 'string' && leaf.raw.type !== 'enum') {
    return refuse(`${pathText(path)} is ${typeText(leaf.raw)}, and a list holds texts`, 'Name a string or an enum')
  }
  // Only the innermost element would be left out, and what stands around it would pass.
  if (path.at(-1) === EACH || path.filter((step) => step === EACH).length > 1) {
    return refuse(`${pathText(path)} lies in a list inside what it is about`, 'Name a leaf of the element to leave out')
  }
  if (!leaf.raw.path.includes(ANY_KEY)) return found.path
  return refuse(`${pathText(path)} lies in a map, which has no elements to leave out`, 'Name a leaf outside maps')
}
