import { uuidFromBytes, uuidToBytes } from './avro-record.ts'
import { refToBytes } from './keys.ts'
import { type ConsentState, type Decision, MAX_LINKS, type PurposeState, type SubjectRef } from './model.ts'

/**
 * Links: a device belongs to data subjects, and what was refused on it is refused for them too. Only refusals travel:
 * absence and grants of a device say nothing about a person. Erasure does not: it is about one id's own records.
 */

/** `source` of a decision that was carried. It is not carried on, so devices linked in a ring come to an end. */
export const LINK_SOURCE = 'link'

/**
 * Id of a refusal as it is carried to a subject: the bytewise XOR of both, so carrying it again is a repeat.
 * @throws ConsentValueError when one of them is malformed
 */
export function carriedId(decisionId: string, subject: SubjectRef): string {
  const bytes = uuidToBytes(decisionId)
  for (const [i, byte] of refToBytes(subject).entries()) bytes[i] = (bytes[i] ?? 0) ^ byte
  return uuidFromBytes(bytes)
}

/** The links with this subject as the newest. */
export function linkedLast(links: readonly SubjectRef[], subject: SubjectRef): readonly SubjectRef[] {
  return [...links.filter((ref) => ref !== subject), subject].slice(-MAX_LINKS)
}

/** What a refusal on a device gives for the subjects it is linked to. */
export function carriedFrom(refusal: Decision, links: readonly SubjectRef[]): readonly Decision[] {
  const { kind, source } = refusal
  if (source === LINK_SOURCE || (kind !== 'withdraw' && kind !== 'object')) return []
  return links.map((subject) => carry({ ...refusal, kind }, subject))
}

/**
 * What a new link gives for its subject: one refusal for each decision that refuses something on the device now. A
 * refusal of everything goes first and whole: what the device was granted since is not told apart, which takes away
 * more rather than less. Its jurisdiction is not in the state, so it is unknown.
 */
export function carriedAtLink(device: ConsentState, subject: SubjectRef): readonly Decision[] {
  const refusals = new Map<string, Refusal>()
  const { refusedAll } = device
  if (refusedAll !== undefined) {
    const { kind, decisionId } = refusedAll
    refusals.set(decisionId, {
      kind,
      decisionId,
      purposes: [],
      decidedAtMs: device.erasedSinceMs ?? 0,
      jurisdiction: null,
    })
  }
  for (const [purpose, state] of inOrder(device)) {
    const kind = REFUSED_BY[state.status]
    const { decisionId, sinceMs } = state
    if (kind === undefined || decisionId === refusedAll?.decisionId) continue
    const purposes = [...(refusals.get(decisionId)?.purposes ?? []), purpose]
    refusals.set(decisionId, { kind, decisionId, purposes, decidedAtMs: sinceMs, jurisdiction: null })
  }
  return [...refusals.values()].map((refusal) => carry(refusal, subject))
}

const REFUSED_BY: Readonly<Partial<Record<PurposeState['status'], 'withdraw' | 'object'>>> = {
  withdrawn: 'withdraw',
  objected: 'object',
}

type Refusal = Pick<Decision, 'decisionId' | 'purposes' | 'decidedAtMs' | 'jurisdiction'> & {
  readonly kind: 'withdraw' | 'object'
}

/** By when it was decided, then by name: equal states give equal decisions in equal order. */
function inOrder(device: ConsentState): [string, PurposeState][] {
  return Object.entries(device.purposes).sort(
    ([nameA, a], [nameB, b]) => a.ledgerOffset - b.ledgerOffset || (nameA < nameB ? -1 : 1),
  )
}

function carry({ kind, decisionId, purposes, decidedAtMs, jurisdiction }: Refusal, subject: SubjectRef): Decision {
  return {
    kind,
    decisionId: carriedId(decisionId, subject),
    ref: subject,
    purposes,
    decidedAtMs,
    source: LINK_SOURCE,
    notices: purposes.map(() => 0),
    jurisdiction,
    untilMs: purposes.map(() => null),
    basedOn: -1,
  }
}
