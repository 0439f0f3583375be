import type { PurposeState } from './model.ts'

/** Purposes by name, without a prototype: `purposes['constructor']` is undefined, as it should be. */
export function purposeRecord(entries: Iterable<readonly [string, PurposeState]>): Record<string, PurposeState> {
  const purposes: Record<string, PurposeState> = Object.create(null)
  for (const [purpose, state] of entries) purposes[purpose] = state
  return purposes
}
