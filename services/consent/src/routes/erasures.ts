import type { Decision, ErasureStep } from '@weir/consent'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { parseErasureRequest } from '../decision-request.ts'
import type { Environment } from '../environment.ts'
import { ConsentError } from '../errors.ts'
import { traceparentOf } from '../http-log.ts'
import { isoTime } from '../iso-time.ts'
import { recordDecision } from '../record-decision.ts'

const idField = z.uuid()

/** Topics lose whole segments, which `infra/kafka` has roll within a day. */
const SEGMENT_MS = 86_400_000

/** Takes erasures of everything, and gives the receipt of each: how far it has come by the ledger, and what remains. */
export function erasureRoutes(app: FastifyInstance, env: Environment): void {
  app.post('/v1/erasures', async (request, reply) => {
    const receivedMonotonicMs = env.clock.monotonicMs()
    const asked = parseErasureRequest(request.body)
    const context = { receivedMonotonicMs, traceparent: traceparentOf(request) }
    const { decisionId, status } = await recordDecision(env, asked, context)
    return reply.code(202).send({ decisionId, status, href: `/v1/erasures/${decisionId}` })
  })

  app.get<{ Params: { id: string } }>('/v1/erasures/:id', async (request) => {
    const id = idField.safeParse(request.params.id)
    const found = id.success ? findErasure(env, id.data.toLowerCase()) : null
    if (found === null) throw unknownErasure()
    return receipt(found, env)
  })
}

interface Found {
  readonly decision: Decision
  /** When the ledger took it in; null while the index doesn't tell: when it was decided is only what the caller says. */
  readonly requestedMs: number | null
  /** About the erasure's own ref, in their order. */
  readonly steps: readonly ErasureStep[]
}

/** One that was recorded here a moment ago may not be in the index yet. */
function findErasure({ ledgerIndex, index }: Environment, decisionId: string): Found | null {
  const found = ledgerIndex.erasure(decisionId)
  if (found !== null) {
    return { decision: found.erase.decision, requestedMs: found.erase.appendTimeMs, steps: found.steps }
  }
  const entry = index.entry(decisionId)
  // One whose append failed may be nowhere.
  if (entry?.decision.kind !== 'erase' || (entry.ledger === null && entry.folded === null)) return null
  return { decision: entry.decision, requestedMs: null, steps: [] }
}

function receipt({ decision, requestedMs, steps }: Found, env: Environment): Record<string, unknown> {
  const last = steps.at(-1)
  const completesMs = last?.completesMs ?? null
  return {
    decisionId: decision.decisionId,
    status: last?.step ?? 'requested',
    requestedAt: requestedMs === null ? null : isoTime(requestedMs),
    steps: steps.map(({ step, atMs, checked, waitedMs }) => ({
      step,
      at: isoTime(atMs),
      checked: checked.map(({ topic, emptyBeforeMs }) => ({ topic, emptyBefore: isoTime(emptyBeforeMs) })),
      waitedMs,
    })),
    completesAt: completesMs === null ? null : isoTime(completesMs),
    remains: remains({ steps, requestedMs, completesMs }, env),
  }
}

/** What is still there of the person, and until when; null: as long as the ledger is kept, or not known yet. */
function remains(
  { steps, requestedMs, completesMs }: Pick<Found, 'steps' | 'requestedMs'> & { readonly completesMs: number | null },
  { contracts, clock }: Environment,
) {
  const has = (name: ErasureStep['step']) => steps.some(({ step }) => step === name)
  const until = (ms: number | null) => (ms === null ? null : isoTime(ms))
  const kept = contracts.streams.flatMap((stream) => stream.outputs.map(({ retentionMs }) => retentionMs))
  const publishedMs = requestedMs === null ? null : requestedMs + Math.max(0, ...kept) + SEGMENT_MS
  return [
    { what: 'proof', why: 'What was decided and when, under a keyed hash of the id: proof of consent.', until: null },
    ...(has('forgotten')
      ? []
      : [{ what: 'orders', why: 'Not all who read published records have been told whom to forget.', until: null }]),
    ...(has('saltsGone')
      ? []
      : [{ what: 'salts', why: 'The salts of old pseudonyms still lie on the disk of the broker.', until: null }]),
    ...(has('completed')
      ? []
      : [
          {
            what: 'events',
            why: 'Raw events, sealed copies and records made of them, and dumps of the cache.',
            until: until(completesMs),
          },
        ]),
    ...(publishedMs !== null && clock.nowMs() > publishedMs
      ? []
      : [
          {
            what: 'published',
            why: 'Published records, under pseudonyms that their readers were told to drop.',
            until: until(publishedMs),
          },
        ]),
  ]
}

function unknownErasure(): ConsentError {
  return new ConsentError({
    status: 404,
    code: 'WEIR_CONSENT_UNKNOWN_ERASURE',
    message:
      'Neither this process nor its index of the ledger knows an erasure with this id. It may never have been asked ' +
      'for; or it was recorded by another process a moment ago, or the index is still being made from the ledger.',
    mend: 'Ask again in a moment, or send the erasure again with the same decisionId: that is harmless.',
  })
}
