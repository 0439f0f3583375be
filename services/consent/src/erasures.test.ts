import type { ErasureStep } from '@weir/consent'
import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, test } from 'vitest'
import { ConsentStack, call } from '../fixtures/consent-stack.ts'

const ADA = { kind: 'user', id: 'ada-lovelace' }
const ID = '0190a0b4-5c7e-7d9a-8a55-2f3e4d5c6b7a'

let stack: ConsentStack
let app: FastifyInstance

beforeEach(async () => {
  stack = new ConsentStack()
  app = await stack.app()
})

function erase(more: Record<string, unknown> = {}) {
  return call(app, 'POST', '/v1/erasures', { subject: ADA, decisionId: ID, ...more })
}

function receipt(id = ID) {
  return call(app, 'GET', `/v1/erasures/${id}`)
}

function step(name: ErasureStep['step'], atMs: number, completesMs: number | null): ErasureStep {
  const ref = stack.decisions[0]?.ref
  if (ref === undefined) throw new Error('nothing was erased')
  return { ref, erasureId: ID, step: name, atMs, checked: [{ topic: 't', emptyBeforeMs: 0 }], waitedMs: 5, completesMs }
}

test('an erasure is one record of the ledger, for all purposes, also for who never decided anything', async () => {
  const answer = await erase()
  expect(answer.statusCode).toBe(202)
  expect(answer.json()).toEqual({ decisionId: ID, status: 'pending', href: `/v1/erasures/${ID}` })
  expect(stack.decisions).toMatchObject([{ kind: 'erase', decisionId: ID, purposes: [] }])
  await erase()
  expect(stack.decisions).toHaveLength(1)
})

test('an erasure is recorded while the state can’t be told', async () => {
  stack.held = 'consent-cold'
  expect((await erase()).statusCode).toBe(202)
  expect(stack.decisions).toHaveLength(1)
})

test('an erasure takes away what was granted, and is in force as a decision is', async () => {
  await call(app, 'POST', '/v1/decisions', { subject: ADA, kind: 'grant', purposes: ['personalization'], notice: 4 })
  await erase()
  const state = (await call(app, 'POST', '/v1/state', { subject: ADA })).json()
  expect(state.purposes.personalization.status).toBe('erased')
  expect((await call(app, 'GET', `/v1/decisions/${ID}`)).json()).toMatchObject({ status: 'effective' })
})

test.each([
  ['purposes', { purposes: ['analytics'] }],
  ['a kind', { kind: 'erase' }],
  ['no subject', { subject: null }],
])('an erasure with %s is refused', async (_what, more) => {
  expect((await erase(more)).statusCode).toBe(400)
})

describe('the receipt', () => {
  test('says what was done when, what is expected, and what remains, and never who', async () => {
    await erase()
    const requested = (await receipt()).json()
    expect(requested).toMatchObject({ status: 'requested', steps: [], completesAt: null })
    expect(requested.remains.map(({ what }: { what: string }) => what)).toEqual([
      'proof',
      'orders',
      'salts',
      'events',
      'published',
    ])

    stack.steps.push(step('forgotten', stack.nowMs + 1_000, stack.nowMs + 9_000))
    stack.steps.push(step('saltsGone', stack.nowMs + 2_000, stack.nowMs + 8_000))
    const answer = await receipt()
    expect(answer.json()).toMatchObject({
      decisionId: ID,
      status: 'saltsGone',
      requestedAt: '2026-03-03T14:03:22.000Z',
      steps: [
        { step: 'forgotten', at: '2026-03-03T14:03:23.000Z' },
        { step: 'saltsGone', at: '2026-03-03T14:03:24.000Z', checked: [{ topic: 't' }], waitedMs: 5 },
      ],
      completesAt: '2026-03-03T14:03:30.000Z',
      remains: [{ what: 'proof' }, { what: 'events', until: '2026-03-03T14:03:30.000Z' }, { what: 'published' }],
    })
    expect(answer.body).not.toContain(stack.decisions[0]?.ref)

    stack.steps.push(step('completed', stack.nowMs + 3_000, stack.nowMs + 3_000))
    const completed = (await receipt()).json()
    expect(completed).toMatchObject({ status: 'completed', remains: [{ what: 'proof' }, { what: 'published' }] })
    expect(completed.remains).toHaveLength(2)
  })

  test('is there for an erasure that the index does not have yet', async () => {
    stack.ledgerIndexIsAway = true
    await erase()
    expect((await receipt()).json()).toMatchObject({ status: 'requested' })
  })

  test('goes by when the ledger took the erasure in, never by when the caller says it was decided', async () => {
    stack.ledgerIndexIsAway = true
    await erase({ decidedAt: '2001-01-01T00:00:00Z' })
    const early = (await receipt()).json()
    expect(early.requestedAt).toBeNull()
    expect(early.remains).toContainEqual(expect.objectContaining({ what: 'published', until: null }))
    stack.ledgerIndexIsAway = false
    expect((await receipt()).json()).toMatchObject({ requestedAt: '2026-03-03T14:03:22.000Z' })
  })

  test('is not there for an erasure that may not stand in the ledger', async () => {
    stack.appends = 'fail'
    expect((await erase()).statusCode).toBe(503)
    expect((await receipt()).statusCode).toBe(404)
    stack.appends = 'work'
    await erase()
    expect((await receipt()).statusCode).toBe(200)
  })

  test('has published records remain until whole segments of them are gone', async () => {
    const [longest] = stack.env.contracts.streams
      .flatMap(({ outputs }) => outputs.map(({ retentionMs }) => retentionMs))
      .sort((a, b) => b - a)
    await erase()
    const isPublished = async () =>
      (await receipt()).json().remains.some(({ what }: { what: string }) => what === 'published')
    stack.nowMs += (longest ?? 0) + 86_400_000
    expect(await isPublished()).toBe(true)
    stack.nowMs += 1
    expect(await isPublished()).toBe(false)
  })

  test.each([
    ['an id that nobody knows', ID],
    ['no id', 'ada-lovelace'],
  ])('is not there for %s', async (_what, id) => {
    const answer = await receipt(id)
    expect(answer.statusCode).toBe(404)
    expect(answer.json().code).toMatch(/UNKNOWN_ERASURE/)
    expect(answer.body).not.toContain('ada')
  })

  test('is not there for a decision that is no erasure', async () => {
    await call(app, 'POST', '/v1/decisions', {
      decisionId: ID,
      subject: ADA,
      kind: 'withdraw',
      purposes: ['analytics'],
    })
    expect((await receipt()).statusCode).toBe(404)
  })

  test('needs the service token', async () => {
    await erase()
    expect((await app.inject({ url: `/v1/erasures/${ID}` })).statusCode).toBe(401)
  })
})
