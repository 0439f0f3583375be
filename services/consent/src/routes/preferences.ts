import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { toConsentError } from '../answer-errors.ts'
import type { Environment } from '../environment.ts'
import { ConsentError } from '../errors.ts'
import { findDecision, knownDecision } from '../find-decision.ts'
import { parseFormChoice } from '../form-choice.ts'
import { traceparentOf } from '../http-log.ts'
import type { KnownDecision } from '../known-decision.ts'
import { openFormToken, openLink, sealFormToken } from '../links.ts'
import { LookupHeld, lookUp } from '../look-up.ts'
import { STYLESHEET_PATH } from '../pages/document.ts'
import { type PageError, renderMessagePage } from '../pages/message-page.ts'
import { renderPreferencesPage } from '../pages/preferences-page.ts'
import { stylesheet } from '../pages/stylesheet.ts'
import { recordDecision } from '../record-decision.ts'
import type { Subject } from '../request-body.ts'
import { type SubjectState, subjectState } from '../subject-state.ts'

/** How long the page waits for a decision to be in force, before it says "not yet". */
const PAGE_WAIT_MS = 2000

const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

interface LinkRoute {
  Params: { link: string }
  Querystring: { decision?: string }
}

/** The form where a person reads and switches each purpose. The link in the address is the key to it. */
export function preferenceRoutes(app: FastifyInstance, env: Environment): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('content-security-policy', CONTENT_SECURITY_POLICY)
    reply.header('referrer-policy', 'no-referrer')
    reply.header('cross-origin-opener-policy', 'same-origin')
  })
  app.setErrorHandler((error, request, reply) => sendError(reply, toConsentError(error, request, env)))

  app.get(STYLESHEET_PATH, async (_request, reply) => {
    return reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=3600').send(stylesheet)
  })

  app.get<LinkRoute>('/preferences/:link', async (request, reply) => {
    const { link } = request.params
    const subject = subjectOf(link, env)
    const decision = await decisionOf(request.query.decision, subject, env)
    // After the decision: the page then shows the state that the decision made.
    const state = await readableState(subject, env)
    const formToken = sealFormToken(env.formSeal, link, state?.position ?? null)
    const page = renderPreferencesPage({ contracts: env.contracts, bound: env.bound, state, formToken, decision })
    return reply.type('text/html; charset=utf-8').send(page)
  })

  app.post<LinkRoute>('/preferences/:link', async (request, reply) => {
    const receivedMonotonicMs = env.clock.monotonicMs()
    const { link } = request.params
    const subject = subjectOf(link, env)
    const choice = parseFormChoice(request.body, env.contracts)
    const token = openFormToken(env.formSeal, choice.token, link)
    // Who saw no state can't allow anything on top of it.
    if (token === null || (choice.decision.kind === 'grant' && token.basedOn === null)) throw stale()
    const asked = { ...choice.decision, subject, basedOn: token.basedOn }
    const recorded = await recordDecision(env, asked, { receivedMonotonicMs, traceparent: traceparentOf(request) })
    return reply.code(303).header('location', `${link}?decision=${recorded.decisionId}`).send()
  })
}

function subjectOf(link: string, env: Environment): Subject {
  const opened = openLink(env.linkSeal, link, env.clock.nowMs())
  if (opened.kind === 'open') return opened.subject
  throw opened.kind === 'expired' ? linkExpired() : linkUnknown()
}

/** The decision named in the address, if it is this subject's own. */
async function decisionOf(id: unknown, subject: Subject, env: Environment): Promise<KnownDecision | null> {
  const parsed = z.uuid().safeParse(id)
  if (!parsed.success) return null
  const { ref } = env.refOf(subject.kind, subject.id)
  const known = await knownDecision(env, parsed.data)
  if (known?.ref !== ref) return null
  return (await findDecision(env, parsed.data, PAGE_WAIT_MS)) ?? null
}

/** null: it can't be told right now; the page then still takes a "no". */
async function readableState(subject: Subject, env: Environment): Promise<SubjectState | null> {
  try {
    const state = await lookUp(env.view, env.refOf(subject.kind, subject.id))
    return subjectState(state, env.view.tickTimeMs)
  } catch (error) {
    if (error instanceof LookupHeld) return null
    throw error
  }
}

function sendError(reply: FastifyReply, error: ConsentError): FastifyReply {
  const { status, retryAfterS } = error.details
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS)
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .send(renderMessagePage(pageOf(error)))
}

function pageOf(error: ConsentError): PageError {
  switch (error.code) {
    case 'WEIR_CONSENT_LINK_EXPIRED':
      return 'expired'
    case 'WEIR_CONSENT_NOT_FOUND':
      return 'unknown'
    case 'WEIR_CONSENT_STATE_HELD':
    case 'WEIR_CONSENT_LEDGER_UNSURE':
      return 'unavailable'
    case 'WEIR_CONSENT_INTERNAL':
      return 'failed'
    default:
      return 'stale'
  }
}

function linkExpired(): ConsentError {
  return new ConsentError({
    status: 410,
    code: 'WEIR_CONSENT_LINK_EXPIRED',
    message: 'The link has run out.',
    mend: 'Ask for a new one.',
  })
}

function linkUnknown(): ConsentError {
  return new ConsentError({
    status: 404,
    code: 'WEIR_CONSENT_NOT_FOUND',
    message: 'There is nothing at this address.',
    mend: 'Ask for a new link.',
  })
}

function stale(): ConsentError {
  return new ConsentError({
    status: 403,
    code: 'WEIR_CONSENT_FORM_STALE',
    message: 'The form does not belong to this link.',
    mend: 'Open the link again.',
  })
}
