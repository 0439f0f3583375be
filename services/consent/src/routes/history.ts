import { LINK_SOURCE } from '@weir/consent'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Environment } from '../environment.ts'
import { ConsentError } from '../errors.ts'
import { isoTime } from '../iso-time.ts'
import type { FoundDecision } from '../ledger-index/store.ts'
import { parseBody, subjectField } from '../request-body.ts'

const MAX_DECISIONS = 100
const BEFORE_RULE = 'It must be the position of a decision in the answer before.'
const LIMIT_RULE = `It must be a whole number, 1 to ${MAX_DECISIONS}.`

const historyBody = z.strictObject({
  subject: subjectField,
  before: z.int({ error: BEFORE_RULE }).min(0, { error: BEFORE_RULE }).optional(),
  limit: z
    .int({ error: LIMIT_RULE })
    .min(1, { error: LIMIT_RULE })
    .max(MAX_DECISIONS, { error: LIMIT_RULE })
    .optional(),
})

/** Tells what was decided about a subject, from the ledger's index. A POST, since the id must not stand in an address. */
export function historyRoutes(app: FastifyInstance, env: Environment): void {
  app.post('/v1/history', async (request) => {
    const { subject, before, limit } = parseBody(historyBody, request.body)
    const { ref } = env.refOf(subject.kind, subject.id)
    const history = env.ledgerIndex.history(ref, before ?? Number.MAX_SAFE_INTEGER, limit ?? MAX_DECISIONS)
    if (history === null) throw historyAway()
    const { decisions, hasMore, position } = history
    return { decisions: decisions.map(shownDecision), hasMore, position }
  })
}

/** Field by field, so that what the ledger gets later stays inside; whom a device is linked to is a ref, and stays too. */
function shownDecision({ decision, offset, appendTimeMs }: FoundDecision) {
  const { decisionId, kind, purposes, notices, untilMs, source, jurisdiction, basedOn, decidedAtMs } = decision
  const ends = purposes.map((purpose, i) => [purpose, untilMs[i] ?? null] as const)
  return {
    // What was carried has an id made of the device's decision and of this subject's ref: whoever knows one has the other.
    decisionId: source === LINK_SOURCE ? null : decisionId,
    kind,
    purposes,
    notice: Object.fromEntries(purposes.map((purpose, i) => [purpose, notices[i] ?? 0])),
    until: Object.fromEntries(ends.map(([purpose, endMs]) => [purpose, endMs === null ? null : isoTime(endMs)])),
    decidedAt: isoTime(decidedAtMs),
    recordedAt: isoTime(appendTimeMs),
    source,
    jurisdiction,
    basedOn,
    position: offset + 1,
  }
}

function historyAway(): ConsentError {
  return new ConsentError({
    status: 503,
    code: 'WEIR_CONSENT_HISTORY_AWAY',
    message: 'The index of the ledger can’t be read right now.',
    mend: 'Ask again after the time in Retry-After. What holds is told by POST /v1/state all the same.',
    retryAfterS: 1,
  })
}
