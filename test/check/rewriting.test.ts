import { createHmac, hkdfSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { cleanSchemaOf } from './fixtures/clean-schema.ts'
import { syntheticRun } from './fixtures/synthetic-run.ts'
import { Pseudonyms, refOf } from './pseudonyms.ts'
import type { GoodRow } from './raw-rows.ts'
import { Rewriting } from './rewriting.ts'

const { contract } = syntheticRun(100)
const root = Buffer.alloc(32, 7)
const ref = refOf(Buffer.alloc(32, 9), 'user', 'shopper-1')
const grant = { purpose: 'personalization', epoch: 1, salt: '000102030405060708090a0b0c0d0e0f' }

const event = {
  eventId: '11111111-2222-4333-8444-555555555555',
  eventType: 'search',
  occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  subjectId: 'shopper-1',
  sessionId: 'session-1',
  anonymousId: null,
  deviceId: null,
  page: { url: 'https://shop.example/c/toys/p/4', path: '/c/toys/p/4', referrer: null, title: null },
  device: { userAgent: 'agent', ip: '203.0.113.9', language: 'en', viewport: null },
  geo: { country: 'PL', region: 'r', city: 'c', latitude: 1.5, longitude: 2.5 },
  product: null,
  searchQuery: 'oak lamp',
  email: 'a@b.example',
  phone: null,
  experiments: {},
  context: { gpc: null },
}

const row: GoodRow = {
  partition: 0,
  offset: 0,
  appendTimeMs: event.occurredAt + 5,
  event,
  subjectId: 'shopper-1',
  subjectRef: ref,
  deviceRef: null,
  eventTimeMs: event.occurredAt,
  ownSignal: false,
}

function rewritingFor(purpose: string): Rewriting {
  const output = contract.outputs.find((one) => one.purpose === purpose)
  if (output === undefined) throw new Error(`no output ${purpose}`)
  return new Rewriting(contract, output, new Pseudonyms(root), 5, cleanSchemaOf(contract.rawSchema, output))
}

/** The formulas of the documentation, written out once more. */
function pseudonym(domain: string, value: Buffer): string {
  const purposeKey = Buffer.from(hkdfSync('sha256', root, Buffer.alloc(0), 'weir/purpose/personalization/1', 32))
  const grantKey = createHmac('sha256', purposeKey).update(Buffer.from(grant.salt, 'hex')).digest()
  const digest = createHmac('sha256', grantKey)
    .update(Buffer.concat([Buffer.from(`${domain}\0`), value]))
    .digest('hex')
  return `1.${digest.slice(0, 32)}`
}

test('a granted event has the named leaves and no other, under the pseudonyms of its grant', () => {
  const form = rewritingFor('personalization').granted(row, grant, 1)
  const subject = pseudonym('subject', Buffer.from(ref, 'hex'))
  expect(Object.fromEntries(form?.leaves ?? [])).toEqual({
    eventId: pseudonym('clickstream/eventId', Buffer.from(event.eventId)),
    eventType: 'search',
    occurredAt: event.occurredAt,
    subjectId: subject,
    sessionId: pseudonym('clickstream/sessionId', Buffer.from('session-1')),
    'page.path': '/c/:category/p/:item',
    'geo.country': 'PL',
    searchQuery: 'oak lamp',
  })
  expect(form?.key?.toString()).toBe(subject)
  expect(form?.timestampMs).toBe(event.occurredAt)
})

test('a stripped event is, byte by byte, what the policy leaves of it', () => {
  const form = rewritingFor('personalization').stripped(row)
  const day = Buffer.alloc(10)
  let rest = BigInt(Date.UTC(2026, 0, 2)) * 2n
  let length = 0
  for (; rest > 127n; rest >>= 7n) day[length++] = Number(rest & 127n) | 128
  day[length++] = Number(rest)
  const nothing = Buffer.of(0)
  const expected = Buffer.concat([
    Buffer.of(0, 0, 0, 0, 5), // wire header
    nothing, // eventId
    Buffer.of(2, 8), // eventType: symbol 4
    Buffer.of(2),
    day.subarray(0, length), // occurredAt, cut to the day
    ...Array(6).fill(nothing), // subjectId, sessionId, page, geo, product (the event has none), searchQuery
  ])
  expect(form?.value.toString('hex')).toBe(expected.toString('hex'))
  expect(form?.key).toBeNull()
  expect(form?.timestampMs).toBe(Date.UTC(2026, 0, 2))
})

test('a search that is not listed is null, a path that matches no route is "(other)"', () => {
  const other = {
    ...row,
    event: { ...event, searchQuery: 'my name is Kim', page: { ...event.page, path: '/account/4711' } },
  }
  const leaves = rewritingFor('personalization').granted(other, grant, 1)?.leaves
  expect(leaves?.get('searchQuery')).toBeUndefined()
  expect(leaves?.get('page.path')).toBe('(other)')
})

test('an optional record that is there passes with what its leaves give, one that the branch does not name is null', () => {
  const bought = {
    ...row,
    event: { ...event, product: { sku: 'S', category: 'toys', priceCents: 1, currency: 'EUR' } },
  }
  const form = rewritingFor('personalization').stripped(bought)
  expect(Object.fromEntries(form?.leaves ?? [])).toEqual({
    eventType: 'search',
    occurredAt: Date.UTC(2026, 0, 2),
    'product.category': 'toys',
  })
})

test('without an otherwise nothing is published', () => {
  expect(rewritingFor('marketing').stripped(row)).toBeNull()
})

test('a notice that covers no policy in force grants nothing', () => {
  expect(rewritingFor('personalization').granted(row, grant, 0)).toBeNull()
})
