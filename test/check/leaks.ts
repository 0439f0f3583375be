import type { DumpedRecord } from './evidence.ts'
import { isProcessingHour } from './found-records.ts'
import type { Form, Rewriting } from './rewriting.ts'

/** A raw record whose output was not found; it may be one of these forms (null: withheld, so none is missing). */
export interface Missing {
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
  readonly forms: readonly Form[]
}

export interface Leak {
  /** Leaves that no form of the raw record allows; `(key)`, `(timestamp)`, `(headers)` count as leaves. */
  readonly leaves: readonly string[]
  /** The missing record that this one stands in the place of; null when it stands for none. */
  readonly insteadOf: Missing | null
}

/**
 * What an unexpected record shows that it must not. It is laid beside the missing record that it is most like; if it
 * is like none, everything in it is too much.
 */
export function leakOf(
  record: DumpedRecord,
  missing: readonly Missing[],
  rewriting: Rewriting,
  dumpedAtMs: number,
): Leak {
  const leaves = rewriting.decode(record.value)
  if (leaves === null) return { leaves: ['(value)'], insteadOf: null }
  let best: { missing: Missing; likeness: number } | null = null
  for (const one of missing) {
    const likeness = Math.max(...one.forms.map((form) => equalLeaves(leaves, form)))
    if (likeness > (best?.likeness ?? 0)) best = { missing: one, likeness }
  }
  if (best === null) return { leaves: [...leaves.keys()], insteadOf: null }
  const { forms, appendTimeMs } = best.missing
  const [fewest] = forms
    .map((form) => tooMuch(record, leaves, form, appendTimeMs, dumpedAtMs))
    .sort((a, b) => a.length - b.length)
  return { leaves: fewest ?? [], insteadOf: best.missing }
}

function equalLeaves(leaves: ReadonlyMap<string, unknown>, form: Form): number {
  let equal = 0
  for (const [path, value] of form.leaves) if (leaves.get(path) === value) equal++
  return equal
}

function tooMuch(
  record: DumpedRecord,
  leaves: ReadonlyMap<string, unknown>,
  form: Form,
  appendTimeMs: number,
  dumpedAtMs: number,
): string[] {
  const found = [...leaves].filter(([path, value]) => form.leaves.get(path) !== value).map(([path]) => path)
  const sameKey = record.key === null || (form.key?.equals(record.key) ?? false)
  if (!sameKey) found.push('(key)')
  const rightTime =
    form.timestampMs === null
      ? isProcessingHour(record.timestampMs, appendTimeMs, dumpedAtMs)
      : record.timestampMs === form.timestampMs
  if (!rightTime) found.push('(timestamp)')
  if (record.headers.length > 0) found.push('(headers)')
  return found
}
