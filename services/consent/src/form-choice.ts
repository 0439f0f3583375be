import type { Contracts } from '@weir/contracts'
import { z } from 'zod'
import type { DecisionRequest } from './decision-request.ts'
import { ConsentError } from './errors.ts'

/** A press of one of the form's buttons. */
export interface FormChoice {
  /** Sealed; says which page it came from. */
  readonly token: string
  /** What it asks for; subject and base come from link and token. */
  readonly decision: Omit<DecisionRequest, 'subject' | 'basedOn'>
}

const SOURCE = 'preference-centre'

const choiceBody = z.union([
  z.object({ token: z.string(), choice: z.literal('withdraw-all') }),
  z.object({
    token: z.string(),
    choice: z.enum(['allow', 'deny']),
    purpose: z.string(),
    notice: z.coerce.number().int().min(1),
  }),
])

/**
 * Reads a post of the form. "Allow" counts for the notice that the page explained: if a newer one came between, the
 * page is stale and the person sees the new words first. "Do not allow" always counts.
 */
export function parseFormChoice(body: unknown, contracts: Contracts): FormChoice {
  const parsed = choiceBody.safeParse(body)
  if (!parsed.success) throw stale()
  const sent = parsed.data
  if (sent.choice === 'withdraw-all') {
    const purposes = contracts.purposes
    return { token: sent.token, decision: { ...blank('withdraw'), purposes, notices: purposes.map(() => 0) } }
  }
  const purpose = contracts.purposes.find((one) => one.name === sent.purpose)
  if (purpose === undefined) throw stale()
  const allow = sent.choice === 'allow'
  if (allow && sent.notice !== purpose.notice) throw stale()
  const deny = purpose.basis === 'legitimate-interest' ? 'object' : 'withdraw'
  const notices = [sent.notice]
  return { token: sent.token, decision: { ...blank(allow ? 'grant' : deny), purposes: [purpose], notices } }
}

/** What a person can't know (where the law places them) stays unknown: then consent is needed. */
function blank(kind: DecisionRequest['kind']) {
  return { kind, linkedTo: null, decisionId: null, decidedAtMs: null, jurisdiction: null, source: SOURCE }
}

function stale(): ConsentError {
  return new ConsentError({
    status: 400,
    code: 'WEIR_CONSENT_FORM_STALE',
    message: 'The form is not one that this service offers now.',
    mend: 'Open the link again.',
  })
}
