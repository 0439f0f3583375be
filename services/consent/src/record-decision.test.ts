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

function post(url: string, payload: unknown, headers: Record<string, string> = {}) {
  return call(app, 'POST', url, payload, headers)
}

function decide(kind: string, rest: Record<string, unknown> = {}) {
  const notice = kind === 'grant' ? { notice: 4 } : {}
  return post('/v1/decisions', { subject: ADA, kind, purposes: ['personalization'], ...notice, ...rest })
}

function get(url: string) {
  return call(app, 'GET', url)
}

async function stateOf(subject: object) {
  return (await post('/v1/state', { subject })).json()
}

describe('recording a decision', () => {
  test('a grant stands in the ledger with notice, end and base, under the ref alone', async () => {
    const answer = await decide('grant', { decisionId: ID, jurisdiction: 'DE' })
    expect(answer.statusCode).toBe(202)
    expect(answer.json()).toEqual({ decisionId: ID, basedOn: -1, status: 'pending', href: `/v1/decisions/${ID}` })
    const { ref } = stack.env.refOf('user', ADA.id)
    expect(stack.decisions).toEqual([
      {
        kind: 'grant',
        decisionId: ID,
        ref,
        purposes: ['personalization'],
        decidedAtMs: stack.nowMs,
        source: 'api',
        notices: [4],
        jurisdiction: 'DE',
        untilMs: [stack.nowMs + 180 * 86_400_000],
        basedOn: -1,
      },
    ])
    expect(stack.records[0]?.key?.subarray(0, 16).toString('hex')).toBe(ref)
    expect(stack.records[0]?.key?.length).toBe(32)
  })

  test('a decision without an id gets one', async () => {
    const { decisionId, href } = (await decide('grant')).json()
    expect((await get(href)).json()).toMatchObject({ decisionId, status: 'effective' })
  })

  test('a user and a device of one id are two subjects', async () => {
    await decide('grant')
    expect((await stateOf({ kind: 'device', id: ADA.id })).position).toBe(-1)
  })

  test('a well-formed trace context goes on into the record, anything else does not', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const body = { subject: ADA, kind: 'withdraw', purposes: ['personalization'] }
    await post('/v1/decisions', body, { traceparent })
    await post('/v1/decisions', body, { traceparent: 'ada-lovelace' })
    expect(stack.records.map((record) => record.headers)).toEqual([{ traceparent }, undefined])
  })

  test('a time a little ahead of ours counts as now, one far ahead is refused', async () => {
    const ahead = (ms: number) => ({ decidedAt: new Date(stack.nowMs + ms).toISOString() })
    expect((await decide('withdraw', ahead(60_000))).statusCode).toBe(202)
    expect(stack.decisions[0]?.decidedAtMs).toBe(stack.nowMs)
    expect((await decide('withdraw', ahead(3_600_000))).json()).toMatchObject({ where: 'decidedAt' })
  })

  test('a grant of so long ago that it has run out is refused', async () => {
    const decidedAt = new Date(stack.nowMs - 181 * 86_400_000).toISOString()
    expect((await decide('grant', { decidedAt })).json()).toMatchObject({ where: 'decidedAt' })
    expect(stack.records).toHaveLength(0)
  })
})

describe('the same decision again', () => {
  test('is recorded once', async () => {
    const first = await decide('grant', { decisionId: ID })
    const second = await decide('grant', { decisionId: ID })
    expect(second.statusCode).toBe(202)
    expect(second.json()).toEqual(first.json())
    expect(stack.records).toHaveLength(1)
  })

  test('is recorded once when both come at the same time', async () => {
    stack.lookupsAtOnce = 2
    stack.foldAtOnce = false
    const both = await Promise.all([decide('grant', { decisionId: ID }), decide('grant', { decisionId: ID })])
    expect(both.map((answer) => answer.statusCode)).toEqual([202, 202])
    expect(stack.records).toHaveLength(1)
  })

  test('is appended again after an answer that never came, and in force all the same', async () => {
    stack.foldAtOnce = false
    stack.appends = 'lost-answer'
    expect((await decide('grant', { decisionId: ID })).statusCode).toBe(503)
    stack.appends = 'work'
    expect((await decide('grant', { decisionId: ID })).statusCode).toBe(202)
    stack.foldAll()
    expect(stack.records).toHaveLength(2)
    expect((await get(`/v1/decisions/${ID}`)).json().status).toBe('effective')
  })

  test('is found by a process that was started since, and not appended', async () => {
    await decide('grant', { decisionId: ID })
    const restarted = new ConsentStack()
    for (const [ref, state] of stack.states) restarted.states.set(ref, state)
    app = await restarted.app()
    expect((await decide('grant', { decisionId: ID })).json()).toMatchObject({ status: 'repeated', basedOn: null })
    expect(restarted.records).toHaveLength(0)
    const told = (await get(`/v1/decisions/${ID}`)).json()
    expect(told).toEqual({ decisionId: ID, status: 'effective' })
  })

  test.each([
    ['of another subject', { subject: { kind: 'user', id: 'grace' } }],
    ['of other purposes', { purposes: ['analytics'], notice: 1 }],
    ['of another kind', { kind: 'withdraw' }],
  ])('is refused when it is %s', async (_what, change) => {
    await decide('grant', { decisionId: ID })
    const answer = await decide('grant', { decisionId: ID, ...change })
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ code: 'WEIR_CONSENT_DECISION_ID_TAKEN', where: 'decisionId' })
    expect(stack.records).toHaveLength(1)
  })
})

describe('when something is away', () => {
  test('a grant waits for the state to be readable', async () => {
    stack.held = 'redis-away'
    const answer = await decide('grant')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('2')
    expect(answer.json().code).toBe('WEIR_CONSENT_STATE_HELD')
    expect(stack.records).toHaveLength(0)
  })

  test('a grant that says what it is based on needs no look', async () => {
    stack.held = 'redis-away'
    expect((await decide('grant', { basedOn: -1 })).statusCode).toBe(202)
  })

  test.each(['withdraw', 'object'])('to %s is recorded while the state is held', async (kind) => {
    stack.held = 'consent-cold'
    expect((await decide(kind)).json()).toMatchObject({ basedOn: -1, status: 'pending' })
    expect(stack.decisions[0]?.kind).toBe(kind)
  })

  test('a withdrawal is recorded while the view does not even answer', async () => {
    stack.silent = true
    expect((await decide('withdraw')).statusCode).toBe(202)
  })

  test('a ledger that does not confirm is no success: the caller hears to repeat with the id', async () => {
    stack.appends = 'fail'
    const answer = await decide('withdraw')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('1')
    const { code, decisionId } = answer.json()
    expect(code).toBe('WEIR_CONSENT_LEDGER_UNSURE')
    stack.appends = 'work'
    expect((await decide('withdraw', { decisionId })).statusCode).toBe(202)
    expect(stack.decisions[0]?.decisionId).toBe(decisionId)
  })

  test('the state is not told', async () => {
    stack.held = 'redis-behind'
    expect((await post('/v1/state', { subject: ADA })).statusCode).toBe(503)
  })
})

describe('whether a decision is in force', () => {
  test('the answer waits for the tail, and says when it was seen and how long it took', async () => {
    stack.foldAtOnce = false
    await decide('withdraw', { decisionId: ID })
    const asked = get(`/v1/decisions/${ID}?waitMs=30000`)
    stack.nowMs += 45
    stack.monotonicMs += 45
    stack.foldAll()
    expect((await asked).json()).toEqual({
      decisionId: ID,
      status: 'effective',
      effectiveAt: new Date(stack.nowMs).toISOString(),
      effectiveAfterMs: 45,
      consentPosition: { partition: stack.records[0]?.partition, position: 1 },
    })
  })

  test('a pending decision claims nothing', async () => {
    stack.foldAtOnce = false
    await decide('withdraw', { decisionId: ID })
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'pending' })
  })

  test('a grant based on less than a later withdrawal is refused', async () => {
    await decide('withdraw')
    await decide('grant', { decisionId: ID, basedOn: -1 })
    expect((await get(`/v1/decisions/${ID}`)).json()).toMatchObject({ status: 'refused' })
  })

  test.each([ID, 'no-uuid', 'ada-lovelace'])('an unknown id (%s) is told with what it can mean', async (id) => {
    const answer = await get(`/v1/decisions/${id}`)
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({
      code: 'WEIR_CONSENT_UNKNOWN_DECISION',
      message: expect.stringMatching(/before/),
    })
    expect(answer.body).not.toContain('ada-lovelace')
  })

  test.each(['-1', '30001', 'long'])('waiting for %s ms is refused', async (waitMs) => {
    expect((await get(`/v1/decisions/${ID}?waitMs=${waitMs}`)).json()).toMatchObject({ where: 'waitMs' })
  })
})

test('the state of a subject has no salt', async () => {
  await decide('grant')
  const answer = await post('/v1/state', { subject: ADA })
  expect(answer.json()).toEqual({
    position: 1,
    purposes: {
      personalization: {
        status: 'granted',
        since: new Date(stack.nowMs).toISOString(),
        until: new Date(stack.nowMs + 180 * 86_400_000).toISOString(),
        notice: 4,
      },
    },
  })
  const salt = [...stack.states.values()][0]?.purposes['personalization']?.salt
  expect(salt).toMatch(/^[0-9a-f]{32}$/)
  expect(answer.body).not.toContain(salt)
})

test('decisions are counted by kind and by what became of them', async () => {
  await decide('grant')
  await decide('withdraw')
  await decide('grant', { basedOn: -1 })
  await decide('grant', { purposes: ['nothing'] })
  const text = await stack.registry.metrics()
  expect(text).toContain('weir_consent_decisions_total{kind="grant",outcome="recorded"} 2')
  expect(text).toContain('weir_consent_decisions_total{kind="grant",outcome="effective"} 1')
  expect(text).toContain('weir_consent_decisions_total{kind="grant",outcome="refused"} 1')
  expect(text).toContain('weir_consent_decisions_total{kind="unknown",outcome="rejected"} 1')
  expect(text).toContain('weir_consent_effective_seconds_count{kind="withdraw"} 1')
  expect(text).toContain('weir_consent_decisions_pending 0')
  expect(text).not.toContain('ada-lovelace')
})
