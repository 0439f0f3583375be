import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { parseDecisionRequest } from '../decision-request.ts'
import type { Environment } from '../environment.ts'
import { ConsentError, invalid } from '../errors.ts'
import { findDecision } from '../find-decision.ts'
import { traceparentOf } from '../http-log.ts'
import type { KnownDecision } from '../known-decision.ts'
import { recordDecision } from '../record-decision.ts'

const MAX_WAIT_MS = 30_000

const waitMsField = z.coerce.number().int().min(0).max(MAX_WAIT_MS).default(0)
const idField = z.uuid()

/**
 * Records decisions, and tells when they are in force, and within what time that is obeyed by all (docs/ARCHITECTURE.md).
 */
export function decisionRoutes(app: FastifyInstance, env: Environment): void {
  const { commitsWithinMs, visibleWithinMs } = env.bound
  const bound = { bound: { commitsWithinMs, visibleWithinMs } }

  app.get('/v1/bound', async () => bound)

  app.post('/v1/decisions', async (request, reply) => {
    const receivedMonotonicMs = env.clock.monotonicMs()
    const asked = parseCounted(request.body, env)
    const context = { receivedMonotonicMs, traceparent: traceparentOf(request) }
    const recorded = await recordDecision(env, asked, context)
    return reply.code(202).send({ ...recorded, href: `/v1/decisions/${recorded.decisionId}`, ...bound })
  })

  app.get<{ Params: { id: string }; Querystring: { waitMs?: string } }>('/v1/decisions/:id', async (request) => {
    const waitMs = waitMsField.safeParse(request.query.waitMs)
    if (!waitMs.success) throw invalid('waitMs', 'It is no time to wait.', `Send 0 to ${MAX_WAIT_MS} (milliseconds).`)
    const id = idField.safeParse(request.params.id)
    if (!id.success) throw unknownDecision()
    const known = await findDecision(env, id.data.toLowerCase(), waitMs.data)
    if (known === undefined) throw unknownDecision()
    return { ...decisionBody(known), ...bound }
  })
}

/** A request that breaks the rules is counted too, though of no known kind. */
function parseCounted(body: unknown, env: Environment) {
  try {
    return parseDecisionRequest(body, env.contracts)
  } catch (error) {
    env.metrics.decided('unknown', 'rejected')
    throw error
  }
}

/** What was not measured is left out. */
function decisionBody(known: KnownDecision): Record<string, unknown> {
  const { decisionId, status, earlier, effectiveAtMs, effectiveAfterMs, consentPosition } = known
  return {
    decisionId,
    status,
    ...(earlier === null ? {} : { earlier }),
    ...(effectiveAtMs === null ? {} : { effectiveAt: new Date(effectiveAtMs).toISOString() }),
    ...(effectiveAfterMs === null ? {} : { effectiveAfterMs: Math.round(effectiveAfterMs * 1000) / 1000 }),
    ...(consentPosition === null ? {} : { consentPosition }),
  }
}

function unknownDecision(): ConsentError {
  return new ConsentError({
    status: 404,
    code: 'WEIR_CONSENT_UNKNOWN_DECISION',
    message:
      'Neither this process nor its index of the ledger knows the decision. It may never have been made; or it was ' +
      'recorded by another process a moment ago, or the index is still being made from the ledger.',
    mend: 'Read what holds from POST /v1/state, or send the decision again with the same decisionId: that is harmless.',
  })
}
