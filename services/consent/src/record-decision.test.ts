import { refToBytes } from '@weir/consent'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConsentStack, call } from '../fixtures/consent-stack.ts'

const ADA = { kind: 'user', id: 'ada-lovelace' }
const ID = '0190a0b4-5c7e-7d9a-8a55-2f3e4d5c6b7a'

let stack: ConsentStack
let app: FastifyInstance

const bound = { commitsWithinMs: 15_000, visibleWithinMs: 15_600 }

beforeEach(async () => {
  stack = new ConsentStack()
  app = await stack.app()
})

afterEach(() => stack.close())

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

/** The same ledger and states, in a process that starts now. */
async function restart(): Promise<void> {
  const before = stack
  before.close()
  stack = new ConsentStack()
  stack.inherit(before)
  app = await stack.app()
}

describe('recording a decision', () => {
  test('a grant stands in the ledger with notice, end and base, under the ref alone', async () => {
    const answer = await decide('grant', { decisionId: ID, jurisdiction: 'DE' })
    expect(answer.statusCode).toBe(202)
    expect(answer.json()).toEqual({
      decisionId: ID,
      basedOn: -1,
      status: 'pending',
      href: `/v1/decisions/${ID}`,
      bound,
    })
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

  test('is found in the state by a process whose ledger index is not made yet, and not appended', async () => {
    await decide('grant', { decisionId: ID })
    const restarted = new ConsentStack()
    for (const [ref, state] of stack.states) restarted.states.set(ref, state)
    app = await restarted.app()
    expect((await decide('grant', { decisionId: ID })).json()).toMatchObject({ status: 'repeated', basedOn: null })
    expect(restarted.records).toHaveLength(0)
    const asked = get(`/v1/decisions/${ID}?waitMs=30000`)
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'pending', bound })
    restarted.inherit(stack)
    restarted.index.wake(ID)
    expect((await asked).json()).toEqual({ decisionId: ID, status: 'effective', bound })
    restarted.close()
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
      bound,
    })
  })

  test('a pending decision claims nothing', async () => {
    stack.foldAtOnce = false
    await decide('withdraw', { decisionId: ID })
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'pending', bound })
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
      message: expect.stringMatching(/index of the ledger/),
    })
    expect(answer.body).not.toContain('ada-lovelace')
  })

  test.each(['-1', '30001', 'long'])('waiting for %s ms is refused', async (waitMs) => {
    expect((await get(`/v1/decisions/${ID}?waitMs=${waitMs}`)).json()).toMatchObject({ where: 'waitMs' })
  })
})

describe('a decision that this process did not see', () => {
  test('is found in the ledger, with what became of it and no measured time', async () => {
    await decide('withdraw', { decisionId: ID })
    await restart()
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'effective', bound })
  })

  test('and was refused is told as refused', async () => {
    await decide('withdraw')
    await decide('grant', { decisionId: ID, basedOn: -1 })
    await restart()
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'refused', bound })
  })

  test('is pending while it is not folded, and who waits hears when it is', async () => {
    stack.foldAtOnce = false
    await decide('withdraw', { decisionId: ID })
    await restart()
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'pending', bound })
    const asked = get(`/v1/decisions/${ID}?waitMs=30000`)
    stack.foldAll()
    expect((await asked).json()).toMatchObject({ status: 'effective', consentPosition: { position: 1 } })
  })

  test('is pending while the state can’t be told', async () => {
    await decide('withdraw', { decisionId: ID })
    await restart()
    stack.held = 'redis-away'
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'pending', bound })
  })

  test('is told by its place in the ledger when the state remembers it no more', async () => {
    const OLD_GRANT = ID.replace(/a$/, 'b')
    await decide('grant', { decisionId: OLD_GRANT })
    await decide('withdraw', { decisionId: ID })
    for (let n = 0; n < 33; n++) await decide('withdraw')
    await restart()
    expect((await get(`/v1/decisions/${ID}`)).json()).toMatchObject({ status: 'effective' })
    expect((await get(`/v1/decisions/${OLD_GRANT}`)).json()).toMatchObject({ status: 'superseded' })
  })

  test('and is sent again is not appended again, and is told as in force', async () => {
    await decide('withdraw', { decisionId: ID })
    await restart()
    expect((await decide('withdraw', { decisionId: ID })).json()).toMatchObject({ basedOn: -1, status: 'pending' })
    expect(stack.records).toHaveLength(1)
    expect((await get(`/v1/decisions/${ID}`)).json()).toEqual({ decisionId: ID, status: 'effective', bound })
  })

  test('is not appended again when it is sent again, and its id is taken for others', async () => {
    await decide('withdraw', { decisionId: ID })
    for (let n = 0; n < 33; n++) await decide('withdraw')
    await restart()
    expect((await decide('withdraw', { decisionId: ID })).statusCode).toBe(202)
    expect((await decide('withdraw', { decisionId: ID, purposes: ['analytics'] })).statusCode).toBe(409)
    expect(stack.records).toHaveLength(34)
  })
})

describe('a link', () => {
  const PHONE = { kind: 'device', id: 'phone-1' }
  const DENIAL = ID.replace(/a$/, 'c')

  function link(rest: Record<string, unknown> = {}) {
    return post('/v1/decisions', { subject: PHONE, kind: 'link', linkedTo: ADA, decisionId: ID, ...rest })
  }

  async function status(id: string) {
    return (await get(`/v1/decisions/${id}`)).json().status
  }

  test('stands in the ledger under the device, with whom it is linked to and without purposes', async () => {
    expect((await link()).statusCode).toBe(202)
    expect(stack.decisions[0]).toMatchObject({
      kind: 'link',
      ref: stack.env.refOf('device', PHONE.id).ref,
      linkedTo: stack.env.refOf('user', ADA.id).ref,
      purposes: [],
    })
    expect(await status(ID)).toBe('effective')
  })

  test('is in force once what the device refused before is refused for the user', async () => {
    await decide('withdraw', { subject: PHONE, decisionId: DENIAL })
    stack.foldAtOnce = false
    await link()
    stack.foldOne()
    expect(await status(ID)).toBe('pending')
    const asked = get(`/v1/decisions/${ID}?waitMs=30000`)
    stack.foldOne()
    expect((await asked).json()).toMatchObject({ status: 'effective', effectiveAfterMs: expect.any(Number) })
    expect((await stateOf(ADA)).purposes.personalization.status).toBe('withdrawn')
  })

  test('makes later refusals on the device wait for the user’s state as well', async () => {
    await link()
    stack.foldAtOnce = false
    await decide('object', { subject: PHONE, decisionId: DENIAL })
    stack.foldOne()
    expect(await status(DENIAL)).toBe('pending')
    stack.foldOne()
    expect(await status(DENIAL)).toBe('effective')
  })

  test('made once more is in force although nothing is carried again', async () => {
    await decide('withdraw', { subject: PHONE })
    await link()
    for (let n = 0; n < 33; n++) await decide('withdraw')
    await restart()
    const again = ID.replace(/a$/, 'd')
    await link({ decisionId: again })
    const told = await get(`/v1/decisions/${again}?waitMs=30000`)
    expect(told.json().status).toBe('effective')
  })

  test('leaves an earlier refusal that a later one replaced in force, also to a process started since', async () => {
    await decide('withdraw', { subject: PHONE, decisionId: DENIAL })
    await decide('withdraw', { subject: PHONE })
    await link()
    await restart()
    expect([await status(DENIAL), await status(ID)]).toEqual(['effective', 'effective'])
  })

  test('made once more is in force only once what is carried anew is folded', async () => {
    await decide('withdraw', { subject: PHONE, decisionId: DENIAL })
    await link()
    for (let n = 0; n < 8; n++) await link({ linkedTo: { kind: 'user', id: `other-${n}` }, decisionId: undefined })
    for (let n = 0; n < 31; n++) await decide('withdraw')
    await decide('grant')
    const again = ID.replace(/a$/, 'd')
    stack.foldAtOnce = false
    await link({ decisionId: again })
    stack.foldOne()
    expect((await stateOf(ADA)).purposes.personalization.status).toBe('granted')
    // The grant is shown once more, as the tail may do.
    const ada = stack.env.refOf('user', ADA.id).ref
    const folded = stack.states.get(ada)
    if (folded === undefined) throw new Error('nothing of this user was folded')
    stack.index.observe(ada, folded, 0, 0)
    expect(await status(again)).toBe('pending')
    const asked = get(`/v1/decisions/${again}?waitMs=30000`)
    stack.foldAll()
    expect((await asked).json().status).toBe('effective')
    expect((await stateOf(ADA)).purposes.personalization.status).toBe('withdrawn')
  })

  test.each([
    ['a link', ID, async () => [await decide('withdraw', { subject: PHONE, decisionId: DENIAL }), await link()]],
    ['a refusal', DENIAL, async () => [await link(), await decide('withdraw', { subject: PHONE, decisionId: DENIAL })]],
  ])('%s is told as in force by a process started since only if all that it carried is', async (_what, id, make) => {
    stack.foldAtOnce = false
    await make()
    stack.foldOne()
    stack.foldOne()
    expect(stack.decisions.map(({ source }) => source)).toEqual(['api', 'api', 'link'])
    await restart()
    expect(await status(id)).toBe('pending')
    const asked = get(`/v1/decisions/${id}?waitMs=30000`)
    stack.foldAll()
    expect((await asked).json().status).toBe('effective')
  })

  test.each([
    ['of a user', { subject: ADA }, 'subject.kind'],
    ['to nobody', { linkedTo: undefined }, 'linkedTo'],
    ['to a device', { linkedTo: { kind: 'device', id: 'x' } }, 'linkedTo.kind'],
    ['for some purposes', { purposes: ['analytics'] }, 'purposes'],
    ['with a notice', { notice: 4 }, 'notice'],
  ])('%s is refused', async (_what, change, where) => {
    const answer = await link(change)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'WEIR_CONSENT_INVALID_REQUEST', where })
    expect(answer.body).not.toContain('ada-lovelace')
    expect(stack.records).toHaveLength(0)
  })

  test('is the same decision only if it is to the same user', async () => {
    await link()
    expect((await link()).statusCode).toBe(202)
    expect((await link({ linkedTo: { kind: 'user', id: 'grace' } })).statusCode).toBe(409)
    expect(stack.records).toHaveLength(1)
  })

  test('is what only a link may name, and only the projector may call its source', async () => {
    expect((await decide('withdraw', { linkedTo: ADA })).json()).toMatchObject({ where: 'linkedTo' })
    expect((await decide('withdraw', { source: 'link' })).json()).toMatchObject({ where: 'source' })
  })
})

test('the bound is told by itself too', async () => {
  expect((await get('/v1/bound')).json()).toEqual({ bound })
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

describe('the history of a subject', () => {
  async function history(rest: object = {}) {
    return (await post('/v1/history', { subject: ADA, ...rest })).json()
  }

  test('has all that was decided about it, newest first, and nothing of others', async () => {
    await decide('grant', { decisionId: ID, jurisdiction: 'DE' })
    await decide('withdraw', { subject: { kind: 'user', id: 'grace' } })
    await decide('withdraw')
    const told = await history()
    expect(told).toMatchObject({ decisions: [{ kind: 'withdraw', position: 3 }, {}], hasMore: false, position: 3 })
    expect(told.decisions[1]).toEqual({
      decisionId: ID,
      kind: 'grant',
      purposes: ['personalization'],
      notice: { personalization: 4 },
      until: { personalization: expect.stringMatching(/Z$/) },
      decidedAt: new Date(stack.nowMs).toISOString(),
      recordedAt: new Date(stack.nowMs).toISOString(),
      source: 'api',
      jurisdiction: 'DE',
      basedOn: -1,
      position: 1,
    })
  })

  test('shows what was carried from a device, and of a link no ref', async () => {
    const phone = { kind: 'device', id: 'phone-1' }
    await decide('withdraw', { subject: phone, decisionId: ID })
    await post('/v1/decisions', { subject: phone, kind: 'link', linkedTo: ADA })
    const told = await history()
    // Its id would tell the user's ref to whoever knows the device's decision.
    expect(told.decisions).toMatchObject([
      { decisionId: null, kind: 'withdraw', source: 'link', purposes: ['personalization'] },
    ])
    const ofPhone = await post('/v1/history', { subject: phone })
    expect(ofPhone.json().decisions.map((one: { kind: string }) => one.kind)).toEqual(['link', 'withdraw'])
    expect(ofPhone.body).not.toContain(stack.env.refOf('user', ADA.id).ref)
  })

  test('has no time where the ledger holds one that no calendar has', async () => {
    await decide('withdraw', { decisionId: ID })
    const [decision] = stack.decisions
    if (decision === undefined) throw new Error('nothing was recorded')
    await stack.env.ledger.append({ ...decision, decidedAtMs: 9e15 }, refToBytes(decision.ref), null)
    expect((await history()).decisions).toMatchObject([{ decidedAt: null }, { decidedAt: expect.any(String) }])
  })

  test('comes in parts', async () => {
    for (let n = 0; n < 3; n++) await decide('withdraw')
    const first = await history({ limit: 2 })
    expect(first).toMatchObject({ decisions: [{ position: 3 }, { position: 2 }], hasMore: true })
    expect(await history({ limit: 2, before: 2 })).toMatchObject({ decisions: [{ position: 1 }], hasMore: false })
  })

  test('of nobody is empty, and can’t be told while the index can’t be read', async () => {
    expect(await history()).toEqual({ decisions: [], hasMore: false, position: 0 })
    stack.ledgerIndexIsAway = true
    const answer = await post('/v1/history', { subject: ADA })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
    expect(answer.json().code).toBe('WEIR_CONSENT_HISTORY_AWAY')
  })

  test.each([{ limit: 0 }, { limit: 101 }, { before: -1 }, { since: 1 }])('asked with %j is refused', async (rest) => {
    expect((await post('/v1/history', { subject: ADA, ...rest })).statusCode).toBe(400)
  })
})
