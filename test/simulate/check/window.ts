import type { Version } from './histories.ts'
import type { Seen, SeenTransaction, ViolationKind } from './seen.ts'

/** Which versions of a ref's consent a transaction may have decided by: indexes, inclusive. */
export interface Window {
  readonly from: number
  readonly to: number
}

export type Bounds = Pick<Seen, 'boundMs' | 'freshnessMs' | 'cutOff'>
type Broken = Extract<ViolationKind, 'leak' | 'stale' | 'bound'>

/**
 * Why a transaction must obey a version; null: it need not yet. The fence is read after the transaction has begun, so
 * what was effective before must be obeyed, and everything that could be seen, unless a leader that was cut off told the
 * end. So must everything older than the proof of freshness that is asked for after the fence. What passed its fence
 * earlier commits within the bound, or never.
 */
function mustObey(version: Version, transaction: SeenTransaction, bounds: Bounds): Broken | null {
  const { decision, effectiveAtMs, visibleAtMs } = version
  if (decision === null || effectiveAtMs < transaction.begunAtMs) return 'leak'
  if (!bounds.cutOff && visibleAtMs < transaction.begunAtMs) return 'leak'
  if (decision.appendTimeMs + bounds.freshnessMs < transaction.begunAtMs) return 'stale'
  if (effectiveAtMs + bounds.boundMs < transaction.decidedAtMs) return 'bound'
  return null
}

export function windowOf(versions: readonly Version[], transaction: SeenTransaction, bounds: Bounds): Window {
  let from = 0
  let to = 0
  for (const [i, version] of versions.entries()) {
    if (mustObey(version, transaction, bounds) !== null) from = i
    if (version.visibleAtMs <= transaction.decidedAtMs) to = i
  }
  return { from, to: Math.max(from, to) }
}

/** Which promise is broken by deciding by the version at `index`, before the window: the plainest one. */
export function brokenBy(
  versions: readonly Version[],
  index: number,
  transaction: SeenTransaction,
  bounds: Bounds,
): Broken {
  const broken = new Set(versions.slice(index + 1).map((version) => mustObey(version, transaction, bounds)))
  return broken.has('leak') ? 'leak' : broken.has('stale') ? 'stale' : 'bound'
}
