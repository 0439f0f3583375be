import type { PurposeStatus } from '@weir/consent'
import type { Purpose } from '@weir/contracts'
import { isObject } from '../events/avro-type.ts'
import { type Consent, type Consents, SINCE, UNTIL } from './case.ts'
import type { At, CaseFile } from './case-file.ts'

/** Words for what a person answered; `none` is being unknown. A type that misses a status does not compile. */
const WORDS: Readonly<Record<PurposeStatus, true>> = {
  granted: true,
  withdrawn: true,
  objected: true,
  notified: true,
  expired: true,
  erased: true,
}
const STATUSES = Object.keys(WORDS)
const GRANT_KEYS = ['notice', 'since', 'until']
const FORM = `Write {notice: 1}, or one of: none, ${STATUSES.join(', ')}`

/** Reads `consent` or `device` of a case: the word `none`, or what holds for each purpose. */
export function readConsents(written: unknown, purposes: readonly Purpose[], source: CaseFile, at: At): Consents {
  const consents = new Map<string, Consent>()
  if (written === undefined || written === 'none') return consents
  if (!isObject(written)) {
    source.fault(at, 'this says nothing of what was answered', 'Write none, or a purpose and what holds for it')
    return consents
  }
  for (const [name, answer] of Object.entries(written)) {
    const purpose = purposes.find((one) => one.name === name)
    const where = [...at, name]
    if (purpose === undefined) {
      source.fault(
        where,
        `purposes.yaml has no "${name}"`,
        `Purposes are: ${purposes.map((one) => one.name).join(', ')}`,
      )
    } else if (answer !== 'none') {
      const consent = readConsent(answer, purpose, source, where)
      if (consent !== null) consents.set(name, consent)
    }
  }
  return consents
}

function readConsent(written: unknown, purpose: Purpose, source: CaseFile, at: At): Consent | null {
  const plain = { notice: purpose.notice, since: 'before-event', until: 'ahead' } as const
  const status = STATUSES.find((one): one is PurposeStatus => one === written)
  if (status !== undefined) return { ...plain, status }
  if (!isObject(written)) {
    source.fault(at, 'this is no answer', FORM)
    return null
  }
  for (const key of Object.keys(written)) {
    if (!GRANT_KEYS.includes(key))
      source.fault([...at, key], `unknown key "${key}"`, `Known keys are: ${GRANT_KEYS.join(', ')}`)
  }
  const notice = written['notice'] === undefined ? purpose.notice : Number(written['notice'])
  if (!Number.isSafeInteger(notice) || notice < 1) {
    source.fault(
      [...at, 'notice'],
      'a notice is a whole number, at least 1',
      'Write the notice that was shown with the grant',
    )
  } else if (notice > purpose.notice) {
    const what = `nobody has seen notice ${notice} of ${purpose.name} yet`
    source.fault([...at, 'notice'], what, `Its notices go up to ${purpose.notice}`)
  }
  const since = oneOf(written['since'], SINCE, source, [...at, 'since'])
  const until = oneOf(written['until'], UNTIL, source, [...at, 'until'])
  return { status: 'granted', notice, since: since ?? plain.since, until: until ?? plain.until }
}

function oneOf<T extends string>(written: unknown, words: readonly T[], source: CaseFile, at: At): T | null {
  if (written === undefined) return null
  const word = words.find((one) => one === written)
  if (word === undefined) source.fault(at, 'this word means nothing here', `Write one of: ${words.join(', ')}`)
  return word ?? null
}
