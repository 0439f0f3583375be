import type { History, Version } from './consent-history.ts'
import type { JournalEntry } from './evidence.ts'

/** Which versions of a person's consent a row may have been decided by. */
export interface Span {
  /** Indexes into the history's versions, inclusive. */
  readonly from: number
  readonly to: number
}

/**
 * Rows below `committedBefore` of a decision were decided without it, rows from `endAfter` on must obey it, those
 * between may go either way. A decision that is in no journal may have taken effect at any row.
 */
export function spanOf(
  history: History,
  journal: ReadonlyMap<string, JournalEntry>,
  partition: number,
  offset: number,
): Span {
  let from = 0
  let to = 0
  for (const [index, version] of history.versions.entries()) {
    if (version.decision === null) continue
    const entry = journal.get(version.decision.decisionId)
    if (entry !== undefined && offset >= (entry.endAfter[partition] ?? 0)) from = index
    if (entry === undefined || offset >= (entry.committedBefore[partition] ?? 0)) to = index
  }
  return { from, to: Math.max(from, to) }
}

export function versionsIn(history: History, span: Span): Version[] {
  return history.versions.slice(span.from, span.to + 1)
}
