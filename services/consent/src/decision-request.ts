import { LINK_SOURCE } from '@weir/consent'
import type { Contracts, Purpose } from '@weir/contracts'
import { z } from 'zod'
import { ConsentError, invalid } from './errors.ts'
import { parseBody, type Subject, subjectField } from './request-body.ts'

/** What a caller may decide; `erase` by an address of its own, `notify` and `expire` not at all. */
export type RequestedKind = 'grant' | 'withdraw' | 'object' | 'link' | 'erase'

/** A decision as asked for, checked against the contract. What was left out is null and filled in when recorded. */
export interface DecisionRequest {
  readonly decisionId: string | null
  readonly subject: Subject
  readonly kind: RequestedKind
  /** For a link, and only there: whose device the subject is from now on. */
  readonly linkedTo: Subject | null
  readonly purposes: readonly Purpose[]
  /** Notice shown, by purpose in the order of `purposes`; 0 where none was named (never for a grant). */
  readonly notices: readonly number[]
  readonly basedOn: number | null
  readonly decidedAtMs: number | null
  readonly jurisdiction: string | null
  readonly source: string
}

const MAX_PURPOSES = 64
const NOTICE_RULE = 'It must be a whole number, or an object with one for each purpose, such as {"analytics": 2}.'
const PURPOSES_RULE = `It must be a list of 1 to ${MAX_PURPOSES} names of purposes.`

const notice = z.int({ error: NOTICE_RULE }).min(0, { error: NOTICE_RULE })

const decisionBody = z.strictObject({
  decisionId: z.uuid({ error: 'It must be a UUID, new for each decision; leave it out to get one.' }).optional(),
  subject: subjectField,
  kind: z.enum(['grant', 'withdraw', 'object', 'link'], { error: 'It must be grant, withdraw, object or link.' }),
  linkedTo: subjectField.optional(),
  purposes: z
    .array(z.string({ error: PURPOSES_RULE }), { error: PURPOSES_RULE })
    .min(1, { error: PURPOSES_RULE })
    .max(MAX_PURPOSES, { error: PURPOSES_RULE })
    .optional(),
  notice: z.union([notice, z.record(z.string(), notice)], { error: NOTICE_RULE }).optional(),
  basedOn: z
    .int({ error: 'It must be the position that /v1/state gave, -1 for a subject without decisions.' })
    .min(-1, { error: 'It must be -1 or more.' })
    .optional(),
  decidedAt: z.iso.datetime({ offset: true, error: 'It must be a time such as 2026-01-31T09:30:00Z.' }).optional(),
  jurisdiction: z
    .string({ error: 'It must be an ISO 3166 code such as DE or US-CA.' })
    .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, { error: 'It must be an ISO 3166 code such as DE or US-CA.' })
    .nullable()
    .optional(),
  source: z
    .string({ error: 'It must be a name of small letters, digits, dots and hyphens.' })
    .regex(/^[a-z][a-z0-9.-]{0,63}$/, { error: 'It must be a name of small letters, digits, dots and hyphens.' })
    .refine((name) => name !== 'projector' && name !== LINK_SOURCE, {
      error: 'The names projector and link are for records of the projector.',
    })
    .optional(),
})

/** Reads the body of POST /v1/decisions. Throws ConsentError (400) that names the field and the mend. */
export function parseDecisionRequest(body: unknown, contracts: Contracts): DecisionRequest {
  const sent = parseBody(decisionBody, body)
  const linkedTo = linkedSubject(sent)
  const purposes = sent.kind === 'link' ? noPurposes(sent) : namedPurposes(sent.purposes, contracts)
  return {
    decisionId: sent.decisionId?.toLowerCase() ?? null,
    subject: sent.subject,
    kind: sent.kind,
    linkedTo,
    purposes,
    notices: shownNotices(sent.kind, purposes, sent.notice, contracts),
    basedOn: sent.basedOn ?? null,
    decidedAtMs: sent.decidedAt === undefined ? null : Date.parse(sent.decidedAt),
    jurisdiction: sent.jurisdiction ?? null,
    source: sent.source ?? 'api',
  }
}

const erasureBody = decisionBody.pick({
  decisionId: true,
  subject: true,
  decidedAt: true,
  jurisdiction: true,
  source: true,
})

/** Reads the body of POST /v1/erasures: all purposes, and nothing that could keep it from being folded. */
export function parseErasureRequest(body: unknown): DecisionRequest {
  const sent = parseBody(erasureBody, body)
  return {
    decisionId: sent.decisionId?.toLowerCase() ?? null,
    subject: sent.subject,
    kind: 'erase',
    linkedTo: null,
    purposes: [],
    notices: [],
    basedOn: null,
    decidedAtMs: sent.decidedAt === undefined ? null : Date.parse(sent.decidedAt),
    jurisdiction: sent.jurisdiction ?? null,
    source: sent.source ?? 'api',
  }
}

type Sent = z.output<typeof decisionBody>

/** A device is linked to a user, in this direction alone: what is refused on the device is then refused for the user. */
function linkedSubject({ kind, subject, linkedTo }: Sent): Subject | null {
  if (kind !== 'link') {
    if (linkedTo === undefined) return null
    throw invalid('linkedTo', 'Only a link names whom it links to.', 'Leave it out, or send kind "link".')
  }
  if (subject.kind !== 'device') throw invalid('subject.kind', 'Only a device can be linked.', 'Send the device here.')
  if (linkedTo === undefined) {
    throw invalid('linkedTo', 'A link says whose device it is.', 'Send {"kind": "user", "id": …}.')
  }
  if (linkedTo.kind === 'user') return linkedTo
  throw invalid('linkedTo.kind', 'A device is linked to a user.', 'Send {"kind": "user", "id": …}.')
}

function noPurposes({ purposes, notice }: Sent): Purpose[] {
  if (purposes !== undefined) throw invalid('purposes', 'A link is for all purposes.', 'Leave it out.')
  if (notice !== undefined) throw invalid('notice', 'A link needs no notice.', 'Leave it out.')
  return []
}

function namedPurposes(names: Sent['purposes'], contracts: Contracts): Purpose[] {
  if (names === undefined) throw invalid('purposes', 'The field is missing or wrong.', PURPOSES_RULE)
  const purposes = names.map((name, i) => {
    const purpose = contracts.purposes.find((one) => one.name === name)
    if (purpose !== undefined) return purpose
    throw new ConsentError({
      status: 400,
      code: 'WEIR_CONSENT_UNKNOWN_PURPOSE',
      message: 'The contract has no such purpose.',
      where: `purposes[${i}]`,
      mend: `Known purposes: ${contracts.purposes.map((one) => one.name).join(', ')}.`,
    })
  })
  if (new Set(purposes).size === purposes.length) return purposes
  throw invalid('purposes', 'A purpose is named twice.', 'Name each purpose once.')
}

type SentNotice = number | Readonly<Record<string, number>> | undefined

function shownNotices(
  kind: RequestedKind,
  purposes: readonly Purpose[],
  sent: SentNotice,
  contracts: Contracts,
): number[] {
  if (typeof sent === 'object' && Object.keys(sent).some((name) => !purposes.some((one) => one.name === name))) {
    throw invalid('notice', 'It names a purpose that the decision does not.', 'Name only those of "purposes".')
  }
  return purposes.map((purpose) => {
    const shown = typeof sent === 'object' ? sent[purpose.name] : sent
    // To say no needs no notice; one that was shown is kept as evidence.
    if (kind !== 'grant') return shown ?? 0
    if (shown === undefined) throw noticeMissing(purpose)
    return noticeInForce(purpose, shown, contracts)
  })
}

/** Filled in here it would claim that the person was told today's words, though an old page may have asked them. */
function noticeMissing(purpose: Purpose): ConsentError {
  return invalid(
    'notice',
    `A grant says which notice was shown, and for ${purpose.name} it does not.`,
    'Send the version of the notice that was shown, for each purpose, such as {"analytics": 2}.',
  )
}

/** A grant counts only for what was explained in a notice that a policy file in force still speaks of. */
function noticeInForce(purpose: Purpose, shown: number, contracts: Contracts): number {
  const oldest = oldestNotice(purpose, contracts)
  if (shown >= oldest && shown <= purpose.notice) return shown
  throw new ConsentError({
    status: 400,
    code: 'WEIR_CONSENT_NOTICE_NOT_IN_FORCE',
    message: `This notice of ${purpose.name} is not in force.`,
    where: 'notice',
    mend: `In force: ${oldest === purpose.notice ? `${oldest}` : `${oldest} to ${purpose.notice}`}.`,
  })
}

/** The oldest notice that a policy file of this purpose still covers, in any stream. */
function oldestNotice(purpose: Purpose, contracts: Contracts): number {
  const oldestOfStreams = contracts.streams
    .flatMap((stream) => stream.outputs)
    .filter((output) => output.purpose.name === purpose.name && output.policies.length > 0)
    .map((output) => Math.min(...output.policies.map((policy) => policy.notice)))
  // A purpose that no stream serves yet can be granted under its current notice alone.
  return oldestOfStreams.length === 0 ? purpose.notice : Math.min(...oldestOfStreams)
}
