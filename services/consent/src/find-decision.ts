import { DeadlineError, withDeadline } from '@weir/consent-view'
import type { DecisionEntry } from './decision-entry.ts'
import type { Environment } from './environment.ts'
import type { KnownDecision } from './known-decision.ts'

/** How long the states may take that tell of a decision which this process has not seen; then it is pending. */
const LOOK_MS = 1_500

type Finding = Pick<Environment, 'index' | 'ledgerIndex' | 'looker' | 'clock'>

/**
 * What is known of a decision, after waiting at most `waitMs` for it to be known and settled. One that this process did
 * not see (it was recorded by another, or before the start) is found in the ledger's index, and what became of it in the
 * state of its ref. undefined: neither knows it.
 */
export async function findDecision(
  env: Finding,
  decisionId: string,
  waitMs: number,
): Promise<KnownDecision | undefined> {
  const endsMs = env.clock.monotonicMs() + waitMs
  for (;;) {
    const looked = await knownDecision(env, decisionId)
    // Read again: nothing may come between this look and waiting for news.
    const known = env.index.get(decisionId) ?? looked
    const leftMs = endsMs - env.clock.monotonicMs()
    if ((known !== undefined && known.status !== 'pending') || leftMs <= 0) return known
    if (!(await env.index.news(decisionId, leftMs))) return knownDecision(env, decisionId)
  }
}

/** As `findDecision`, with what is known now. */
export async function knownDecision(env: Finding, decisionId: string): Promise<KnownDecision | undefined> {
  const { index, ledgerIndex } = env
  const known = index.get(decisionId)
  if (index.entry(decisionId) !== undefined || (known !== undefined && known.status !== 'pending')) return known
  const found = ledgerIndex.find(decisionId)
  if (found === null) return known
  const looking = lookForAll(env, index.adopt(found.decision, found))
  await withDeadline(looking, LOOK_MS, 'the consent view').catch((error: unknown) => {
    if (!(error instanceof DeadlineError)) throw error
  })
  return index.get(decisionId)
}

/** Its own state first: that tells to whom it may have brought something. */
async function lookForAll({ looker }: Finding, entry: DecisionEntry): Promise<void> {
  const [own] = entry.proofs
  if (own !== undefined) await looker.look(own)
  await Promise.all(entry.proofs.slice(1).map((proof) => looker.look(proof)))
}
