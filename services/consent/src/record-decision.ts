import type { ConsentState, Decision, SubjectRef } from '@weir/consent'
import { withDeadline } from '@weir/consent-view'
import type { DecisionEntry } from './decision-entry.ts'
import type { DecisionRequest } from './decision-request.ts'
import type { Environment, Ref } from './environment.ts'
import { ConsentError, invalid, ledgerUnsure } from './errors.ts'
import { LookupHeld, lookUp } from './look-up.ts'
import type { DecisionOutcome } from './metrics.ts'
import { standsFor } from './standing.ts'

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
    const folded = basis.state?.recent.find(
      (recent) => recent.decisionId === request.decisionId && standsFor(recent, request.kind),
    )
    if (basis.state !== null && folded !== undefined) {
      env.index.note(ref.ref, folded, basis.state)
      return repeated(env, request, shownBefore(folded.decisionId))
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

type Known = { readonly entry: DecisionEntry } | { readonly recorded: Recorded }

/**
 * What is known here of the request's decision id: the entry of the same decision, or that it is recorded; null: nothing.
 * Throws when another decision has the id.
 */
function recall(env: Environment, request: DecisionRequest, ref: Ref): Known | null {
  if (request.decisionId === null) return null
  const entry = env.index.entry(request.decisionId)
  if (entry !== undefined) {
    if (isSame(entry.decision, request, ref, env)) return { entry }
    throw idTaken()
  }
  const found = env.ledgerIndex.find(request.decisionId)
  if (found !== null) {
    if (!isSame(found.decision, request, ref, env)) throw idTaken()
    const { decisionId, basedOn } = found.decision
    return { recorded: { decisionId, basedOn, status: 'pending' } }
  }
  const seen = env.index.seen(request.decisionId)
  if (seen === undefined || !standsFor(seen, request.kind)) return null
  if (seen.ref !== ref.ref) throw idTaken()
  return { recorded: shownBefore(request.decisionId) }
}

/** The same decision once more: appended only if it is not sure that it stands in the ledger. */
async function again(
  env: Environment,
  request: DecisionRequest,
  known: Known,
  ref: Ref,
  context: RecordContext,
): Promise<Recorded> {
  if ('recorded' in known) return repeated(env, request, known.recorded)
  const { entry } = known
  const { decisionId, basedOn } = entry.decision
  if (entry.ledger === null && entry.folded === null) await append(env, entry, ref, context)
  else env.metrics.decided(request.kind, 'repeated')
  return { decisionId, basedOn, status: 'pending' }
}

function repeated(env: Environment, request: DecisionRequest, recorded: Recorded): Recorded {
  env.metrics.decided(request.kind, 'repeated')
  return recorded
}

/** A state shows it: what it was based on, only the ledger knows. */
function shownBefore(decisionId: string): Recorded {
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
function isSame(decision: Decision, request: DecisionRequest, ref: Ref, env: Pick<Environment, 'refOf'>): boolean {
  const names = request.purposes.map((purpose) => purpose.name).sort()
  return (
    decision.ref === ref.ref &&
    decision.kind === request.kind &&
    decision.linkedTo === linkedRef(request, env) &&
    [...decision.purposes].sort().join() === names.join()
  )
}

function linkedRef({ linkedTo }: DecisionRequest, env: Pick<Environment, 'refOf'>): SubjectRef | undefined {
  return linkedTo === null ? undefined : env.refOf(linkedTo.kind, linkedTo.id).ref
}

interface Basis {
  readonly position: number
  /** null: there is none, or it was not read. */
  readonly state: ConsentState | null
}

/**
 * The state that the decision is based on. A grant needs it, since the fold refuses one that knows less than a later
 * withdrawal did; everything else is never kept waiting for it.
 */
async function readBasis(env: Environment, request: DecisionRequest, ref: Ref): Promise<Basis> {
  if (request.basedOn !== null) return { position: request.basedOn, state: null }
  try {
    const looking = lookUp(env.view, ref)
    const state = await (request.kind === 'grant'
      ? looking
      : withDeadline(looking, OPTIONAL_LOOK_UP_MS, 'the consent view'))
    return { position: state?.position ?? -1, state }
  } catch (error) {
    if (request.kind === 'grant') throw error instanceof LookupHeld ? error.asConsentError() : error
    return { position: -1, state: null }
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
  const linkedTo = linkedRef(request, env)
  return {
    kind: request.kind,
    decisionId: request.decisionId ?? env.randomUuid(),
    ref: ref.ref,
    ...(linkedTo === undefined ? {} : { linkedTo }),
    purposes: request.purposes.map((purpose) => purpose.name),
    decidedAtMs,
    source: request.source,
    notices: request.notices,
    jurisdiction: request.jurisdiction,
    untilMs,
    basedOn,
  }
}

async function append(env: Environment, entry: DecisionEntry, ref: Ref, context: RecordContext): Promise<void> {
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
