import { expect, test } from 'vitest'
import { contracts } from '../fixtures/contracts.ts'
import { parseDecisionRequest } from './decision-request.ts'
import { ConsentError } from './errors.ts'

const grant = { subject: { kind: 'user', id: 'u-1' }, kind: 'grant', purposes: ['personalization'], notice: 4 }

function refusal(body: unknown): Record<string, string> {
  try {
    parseDecisionRequest(body, contracts)
  } catch (error) {
    if (error instanceof ConsentError && error.details.status === 400) return error.body()
    throw error
  }
  throw new Error('the body was accepted')
}

test('what is left out has a default', () => {
  expect(parseDecisionRequest(grant, contracts)).toMatchObject({
    decisionId: null,
    basedOn: null,
    decidedAtMs: null,
    jurisdiction: null,
    source: 'api',
    notices: [4],
  })
})

test('everything that may be sent is read', () => {
  const decisionId = '0190a0b4-5c7e-7d9a-8a55-2f3e4d5c6b7a'
  const all = {
    ...grant,
    decisionId: decisionId.toUpperCase(),
    purposes: ['analytics', 'personalization'],
    notice: { analytics: 1, personalization: 3 },
    basedOn: 17,
    decidedAt: '2026-01-31T09:30:00+01:00',
    jurisdiction: 'US-CA',
    source: 'cmp.example',
  }
  expect(parseDecisionRequest(all, contracts)).toMatchObject({
    decisionId,
    notices: [1, 3],
    basedOn: 17,
    decidedAtMs: Date.UTC(2026, 0, 31, 8, 30),
    jurisdiction: 'US-CA',
    source: 'cmp.example',
  })
})

test.each([
  ['body', null],
  ['body', [grant]],
  ['body', { ...grant, subjectId: 'u-1' }],
  ['decisionId', { ...grant, decisionId: 'one' }],
  ['subject', { ...grant, subject: 'u-1' }],
  ['subject', { ...grant, subject: { kind: 'user', id: 'u-1', name: 'Ada' } }],
  ['subject.kind', { ...grant, subject: { kind: 'person', id: 'u-1' } }],
  ['subject.id', { ...grant, subject: { kind: 'user', id: '' } }],
  ['subject.id', { ...grant, subject: { kind: 'user', id: '\ud800' } }],
  ['kind', { ...grant, kind: 'expire' }],
  ['purposes', { ...grant, purposes: [] }],
  ['purposes', { ...grant, purposes: ['analytics', 'analytics'] }],
  ['purposes[1]', { ...grant, purposes: ['analytics', 7] }],
  ['notice', { ...grant, notice: -1 }],
  ['notice', { ...grant, notice: { analytics: 1 } }],
  ['notice', { ...grant, notice: undefined }],
  ['notice', { ...grant, notice: {} }],
  ['notice', { ...grant, purposes: ['analytics', 'personalization'], notice: { analytics: 1 } }],
  ['basedOn', { ...grant, basedOn: 1.5 }],
  ['decidedAt', { ...grant, decidedAt: 'yesterday' }],
  ['jurisdiction', { ...grant, jurisdiction: 'Germany' }],
  ['source', { ...grant, source: 'projector' }],
])('a wrong field is named, with a mend: %s', (where, body) => {
  expect(refusal(body)).toMatchObject({ code: 'WEIR_CONSENT_INVALID_REQUEST', where, mend: expect.any(String) })
})

test('an unknown purpose is named by its place, with the known ones', () => {
  const error = refusal({ ...grant, purposes: ['personalization', 'u-1'] })
  expect(error).toMatchObject({ code: 'WEIR_CONSENT_UNKNOWN_PURPOSE', where: 'purposes[1]' })
  expect(error['mend']).toContain('personalization, analytics')
})

test.each([2, 5])('a grant under notice %i, which no policy file in force covers, is refused', (notice) => {
  expect(refusal({ ...grant, notice })).toMatchObject({
    code: 'WEIR_CONSENT_NOTICE_NOT_IN_FORCE',
    mend: 'In force: 3 to 4.',
  })
})

test.each(['withdraw', 'object'])('to %s needs no notice', (kind) => {
  expect(parseDecisionRequest({ ...grant, kind, notice: undefined }, contracts).notices).toEqual([0])
})

test('a grant without the notice that was shown is told to send it, by purpose', () => {
  expect(refusal({ ...grant, notice: undefined })).toMatchObject({
    message: expect.stringContaining('personalization'),
    mend: expect.stringContaining('the version of the notice that was shown'),
  })
})

test('no refusal quotes what was sent', () => {
  const secret = 'ada-lovelace'
  const bodies = [
    { ...grant, [secret]: 1 },
    { ...grant, subject: { kind: secret, id: secret } },
    { ...grant, subject: { kind: 'user', id: 'x', [secret]: secret } },
    { ...grant, purposes: [secret] },
    { ...grant, notice: { [secret]: secret } },
    { ...grant, notice: { [secret]: 1 } },
    { ...grant, source: `${secret}!` },
    { ...grant, kind: secret },
  ]
  for (const body of bodies) expect(JSON.stringify(refusal(body))).not.toContain(secret)
})
