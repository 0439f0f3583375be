import { readConsent } from './histories.ts'
import { judgeAudit } from './judge-audit.ts'
import { judgeConsent } from './judge-consent.ts'
import { judgeDecisions } from './judge-decisions.ts'
import { judgeForget } from './judge-forget.ts'
import { judgeOrder } from './judge-order.ts'
import { judgeOutputs } from './judge-outputs.ts'
import { judgeProgress } from './judge-progress.ts'
import { judgeQuarantine } from './judge-quarantine.ts'
import { readRows } from './rows.ts'
import type { Seen, Violation } from './seen.ts'
import { RawRanges } from './transactions.ts'

export type * from './seen.ts'

/**
 * Everything in a run that breaks a promise; none: all is well. Shares no code with what it judges: fold, decision,
 * pseudonyms and rewriting are made a second time, as the documentation says.
 */
export function violations(seen: Seen): readonly Violation[] {
  const rows = readRows(seen.raw)
  const consent = readConsent(seen)
  const ranges = new RawRanges(seen.transactions)
  return [
    ...judgeOutputs(seen, rows.good, consent, ranges),
    ...judgeOrder(seen, rows.good),
    ...judgeQuarantine(seen, rows, ranges),
    ...judgeAudit(seen, ranges),
    ...judgeConsent(seen, consent),
    ...judgeForget(seen, consent),
    ...judgeDecisions(seen, consent),
    ...judgeProgress(seen, rows, ranges),
  ]
}
