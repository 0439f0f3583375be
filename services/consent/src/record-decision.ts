import type { Decision, RecentDecision } from '@weir/consent'
import { type RecordedEntry, standsFor } from './decision-index.ts'
import type { DecisionRequest } from './decision-request.ts'
import type { Environment, Ref } from './environment.ts'
import { ConsentError, invalid, ledgerUnsure } from './errors.ts'
import { LookupHeld, lookUp } from './look-up.ts'
import type { DecisionOutcome } from './metrics.ts'

/** A clock of a caller that goes ahead by less than this is forgiven: the decision counts as made now. */
const CLOCK_SKEW_MS = 5 * 60_000

/** How long a withdrawal waits to learn what it is based on, before it is recorded without. */
const OPTIONAL_LOOK_UP_MS = 250

export interface Recorded {
  readonly decisionId: string
  /** Position of the state it is based on, -1 for none; null when only the record that it repeats knows. */
  readonly basedOn: number | null
  /** `repeated`: the state shows that a decision with this id was folded before; nothing was appended. */
  readonly status: 'pending' | 'repeated'
}

export interface RecordContext {
  readonly receivedMonotonicMs: number
  /** W3C trace context of the request, handed on in the ledger record's header. */
  readonly traceparent: string | null
}

/**
 * The service's main job: a checked request becomes one record of the ledger. Resolves once all in-sync replicas have
 * it. A decision id that was recorded before is harmless: it is not appended again, and if it is (this process can't
 * know), the fold drops it.
 */
export async function recordDecision(
  env: Environment,
  request: DecisionRequest,
  context: RecordContext,
): Promise<Recorded> {
  try {
    const ref = env.refOf(request.subject.kind, request.subject.id)
    const early = recall(env, request, ref)
    if (early !== null) return await again(env, request, early, ref, context)

    const basis = await readBasis(env, request, ref)
    const folded = basis.recent.find(
      (recent) => recent.decisionId === request.decisionId && standsFor(recent, request.kind),
    )
    if (folded !== undefined) {
      env.index.note(ref.ref, folded)
      return repeated(env, request, folded.decisionId)
    }
    // Two requests with one id may have waited for the state at the same time: the second shares the first's record.
    // From here to `register` nothing may be awaited.
    const late = recall(env, request, ref)
    if (late !== null) return await again(env, request, late, ref, context)

    const decision = decide(request, ref, basis.position, env)
    const entry = env.index.register(decision, context.receivedMonotonicMs)
    await append(env, entry, ref, context)
    return { decisionId: decision.decisionId, basedOn: decision.basedOn, status: 'pending' }
  } catch (error) {
    env.metrics.decided(request.kind, outcomeOf(error))
    throw error
  }
}

type Known = { readonly entry: RecordedEntry } | { readonly seenId: string }

/**
 * What this process knows of the request's decision id: the entry of the same decision, recorded here, or that the tail
 * has shown it; null: nothing. Throws when another decision has the id.
 */
function recall(env: Environment, request: DecisionRequest, ref: Ref): Known | null {
  if (request.decisionId === null) return null
  const entry = env.index.recorded(request.decisionId)
  if (entry !== undefined) {
    if (isSame(entry.decision, request, ref)) return { entry }
    throw idTaken()
  }
  const seen = env.index.seen(request.decisionId)
  if (seen === undefined || !standsFor(seen, request.kind)) return null
  if (seen.ref !== ref.ref) throw idTaken()
  return { seenId: request.decisionId }
}

/** The same decision once more: appended only if it is not sure that it stands in the ledger. */
async function again(
  env: Environment,
  request: DecisionRequest,
  known: Known,
  ref: Ref,
  context: RecordContext,
): Promise<Recorded> {
  if ('seenId' in known) return repeated(env, request, known.seenId)
  const { entry } = known
  const { decisionId, basedOn } = entry.decision
  if (entry.ledger === null && entry.folded === null) await append(env, entry, ref, context)
  else env.metrics.decided(request.kind, 'repeated')
  return { decisionId, basedOn, status: 'pending' }
}

function repeated(env: Environment, request: DecisionRequest, decisionId: string): Recorded {
  env.metrics.decided(request.kind, 'repeated')
  return { decisionId, basedOn: null, status: 'repeated' }
}

function idTaken(): ConsentError {
  return new ConsentError({
    status: 409,
    code: 'WEIR_CONSENT_DECISION_ID_TAKEN',
    message: 'Another decision has this id.',
    where: 'decisionId',
    mend: 'Make a new UUID for each decision; send an id again only with the same subject, kind and purposes.',
  })
}

/** What is compared of a repeat: not what this service fills in when it is left out. */
function isSame(decision: Decision, request: DecisionRequest, ref: Ref): boolean {
  const names = request.purposes.map((purpose) => purpose.name).sort()
  return (
    decision.ref === ref.ref && decision.kind === request.kind && [...decision.purposes].sort().join() === names.join()
  )
}

interface Basis {
  readonly position: number
  readonly recent: readonly RecentDecision[]
}

/**
 * The state that the decision is based on. A grant needs it, since the fold refuses one that knows less than a later
 * withdrawal did; a withdrawal or objection is never kept waiting for it.
 */
async function readBasis(env: Environment, request: DecisionRequest, ref: Ref): Promise<Basis> {
  if (request.basedOn !== null) return { position: request.basedOn, recent: [] }
  try {
    const looking = lookUp(env.view, ref)
    const state = await (request.kind === 'grant' ? looking : within(looking, OPTIONAL_LOOK_UP_MS))
    return { position: state?.position ?? -1, recent: state?.recent ?? [] }
  } catch (error) {
    if (request.kind === 'grant') throw error instanceof LookupHeld ? error.asConsentError() : error
    return { position: -1, recent: [] }
  }
}

function decide(request: DecisionRequest, ref: Ref, basedOn: number, env: Environment): Decision {
  const nowMs = env.clock.nowMs()
  const decidedAtMs = Math.min(request.decidedAtMs ?? nowMs, nowMs)
  if ((request.decidedAtMs ?? 0) > nowMs + CLOCK_SKEW_MS) {
    throw invalid('decidedAt', 'The time lies in the future.', 'Send when it was decided, or leave it out.')
  }
  const untilMs = request.purposes.map((purpose) =>
    request.kind === 'grant' && purpose.grantLastsMs !== null ? decidedAtMs + purpose.grantLastsMs : null,
  )
  if (untilMs.some((until) => until !== null && until <= nowMs)) {
    throw invalid('decidedAt', 'A grant of that time has run out already.', 'Ask the person again.')
  }
  return {
    kind: request.kind,
    decisionId: request.decisionId ?? env.randomUuid(),
    ref: ref.ref,
    purposes: request.purposes.map((purpose) => purpose.name),
    decidedAtMs,
    source: request.source,
    notices: request.notices,
    jurisdiction: request.jurisdiction,
    untilMs,
    basedOn,
  }
}

async function append(env: Environment, entry: RecordedEntry, ref: Ref, context: RecordContext): Promise<void> {
  const isShared = entry.appending !== null
  entry.appending ??= env.ledger.append(entry.decision, ref.bytes, context.traceparent)
  const appending = entry.appending
  try {
    entry.ledger = await appending
    env.metrics.decided(entry.decision.kind, isShared ? 'repeated' : 'recorded')
  } catch (error) {
    entry.unsure = true
    throw ledgerUnsure(entry.decision.decisionId, error)
  } finally {
    if (entry.appending === appending) entry.appending = null
  }
}

function outcomeOf(error: unknown): DecisionOutcome {
  if (!(error instanceof ConsentError)) return 'failed'
  if (error.code === 'WEIR_CONSENT_STATE_HELD') return 'held'
  return error.code === 'WEIR_CONSENT_LEDGER_UNSURE' ? 'unsure' : 'rejected'
}

/** Rejects after `ms`; what `promise` brings later is dropped. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
