import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import { weirCli } from '../support/weir-cli.ts'

const weir = sharedWeir({}, ['projector', 'consent'])

type HistoryEntry = { kind: string; source: string }
type Purposes = Record<string, { status: string }>

function newSubject() {
  return { kind: 'user', id: `shopper-${randomUUID()}` }
}

function post(path: string, body: unknown) {
  return weir().ask('POST', path, body)
}

function shown(kind: string, purposes: readonly string[]) {
  return kind === 'grant' ? { notice: weir().notices(purposes) } : {}
}

async function decide(subject: object, kind: string, purposes = ['personalization']) {
  return record({ subject, kind, purposes, ...shown(kind, purposes) })
}

async function record(asked: object) {
  const { status, body } = await post('/v1/decisions', asked)
  expect(status, JSON.stringify(body)).toBe(202)
  return body
}

function settled(decision: Record<string, unknown>) {
  return weir().api('GET', `${decision['href']}?waitMs=20000`)
}

/** A grant needs a state that can be told, which a projector that has just started does not give at once. */
async function grant(subject: object) {
  await until('the state can be told', async () => (await post('/v1/state', { subject })).status === 200)
  return decide(subject, 'grant')
}

describe('a decision', () => {
  test('comes into force, is told with when that was, and the state shows it', async () => {
    const subject = newSubject()
    const told = await settled(await grant(subject))
    expect(told).toMatchObject({ status: 'effective', consentPosition: { position: expect.any(Number) } })
    expect(Math.abs(Date.parse(told['effectiveAt'] as string) - Date.now())).toBeLessThan(10_000)
    const { body } = await post('/v1/state', { subject })
    expect((body['purposes'] as Purposes)['personalization']).toEqual({
      status: 'granted',
      since: expect.any(String),
      until: expect.anything(),
      notice: expect.any(Number),
    })
  })

  test('to withdraw ends a grant, and a grant based on less than it is refused', async () => {
    const subject = newSubject()
    await settled(await grant(subject))
    const position = (await post('/v1/state', { subject })).body['position']
    expect(await settled(await decide(subject, 'withdraw'))).toMatchObject({ status: 'effective' })
    const purposes = ['personalization']
    const late = { subject, kind: 'grant', purposes, ...shown('grant', purposes), basedOn: position }
    expect(await settled((await post('/v1/decisions', late)).body)).toMatchObject({ status: 'refused' })
    const { body } = await post('/v1/state', { subject })
    expect((body['purposes'] as Purposes)['personalization']?.status).toBe('withdrawn')
  })

  test('to grant that was made before a withdrawal and arrives after it is refused, also when it names no base', async () => {
    const subject = newSubject()
    const decidedAt = new Date(Date.now() - 1_000).toISOString()
    await settled(await grant(subject))
    await settled(await decide(subject, 'withdraw'))
    const purposes = ['personalization']
    const late = { subject, kind: 'grant', purposes, ...shown('grant', purposes), decidedAt }
    expect(await settled((await post('/v1/decisions', late)).body)).toMatchObject({ status: 'refused' })
  })

  test('sent twice with one id counts once', async () => {
    const body = { decisionId: randomUUID(), subject: newSubject(), kind: 'withdraw', purposes: ['personalization'] }
    const first = await post('/v1/decisions', body)
    const second = await post('/v1/decisions', body)
    expect(second.body).toEqual(first.body)
    expect((await settled(second.body))['status']).toBe('effective')
  })
})

describe('a link', () => {
  const device = { kind: 'device', id: `phone-${randomUUID()}` }

  async function statusOf(subject: object) {
    const { body } = await post('/v1/state', { subject })
    return (body['purposes'] as Purposes)['personalization']?.status
  }

  test('is in force once what the device refused is refused for the user, and so is what it refuses later', async () => {
    const user = newSubject()
    await settled(await grant(user))
    await settled(await decide(device, 'withdraw'))
    expect(await statusOf(user)).toBe('granted')
    const link = await record({ subject: device, kind: 'link', linkedTo: user })
    expect(await settled(link)).toMatchObject({ status: 'effective', effectiveAfterMs: expect.any(Number) })
    expect(await statusOf(user)).toBe('withdrawn')

    await settled(await grant(user))
    expect(await statusOf(user)).toBe('granted')
    expect(await settled(await decide(device, 'object'))).toMatchObject({ status: 'effective' })
    expect(await statusOf(user)).toBe('objected')

    // Nothing is carried a second time.
    expect(await settled(await record({ subject: device, kind: 'link', linkedTo: user }))).toMatchObject({
      status: 'effective',
    })
    // What was carried stands in the user's own history, each refusal once.
    const history = async () => (await post('/v1/history', { subject: user })).body['decisions'] as HistoryEntry[]
    await until('the ledger’s index has come that far', async () => (await history()).length >= 4)
    expect((await history()).map(({ kind, source }) => `${kind} by ${source}`)).toEqual([
      'object by link',
      'grant by api',
      'withdraw by link',
      'grant by api',
    ])
  })
})

describe('after a restart', () => {
  test('what became of a decision is found by its place in the ledger, without a measured time', async () => {
    const user = newSubject()
    const device = { kind: 'device', id: `phone-${randomUUID()}` }
    const granted = await grant(user)
    await settled(granted)
    const late = await record({
      subject: user,
      kind: 'grant',
      purposes: ['personalization'],
      ...shown('grant', ['personalization']),
      basedOn: 1_000_000,
    })
    await settled(late)
    await settled(await decide(device, 'withdraw'))
    const link = await record({ subject: device, kind: 'link', linkedTo: user })
    await settled(link)

    expect(await weir().service('consent').stop()).toBe(0)
    await weir().start('consent').ready()
    const told = await Promise.all([granted, late, link].map(settled))
    expect(told.map(({ status }) => status)).toEqual(['effective', 'refused', 'effective'])
    for (const one of told) expect(one).not.toHaveProperty('effectiveAfterMs')
  })
})

test('each answer, and an address of its own, states the bound that the doctor states', async () => {
  const recorded = await decide(newSubject(), 'withdraw')
  const { out } = await weirCli(['doctor', '--json'], weir().env)
  const doctor = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { bound: Record<string, number> }
  const { commitsWithinMs, visibleWithinMs } = doctor.bound
  expect(recorded['bound']).toEqual({ commitsWithinMs, visibleWithinMs })
  expect((await settled(recorded))['bound']).toEqual(recorded['bound'])
  expect(await weir().api('GET', '/v1/bound')).toEqual({ bound: recorded['bound'] })
})

describe('the form', () => {
  test('switches a purpose without scripts, and says since when that is in force', async () => {
    const subject = newSubject()
    await until('the state can be told', async () => (await post('/v1/state', { subject })).status === 200)
    const url = (await post('/v1/links', { subject })).body['url'] as string
    const page = await (await fetch(url)).text()
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ''
    const fields = { token: field('token'), purpose: field('purpose'), notice: field('notice'), choice: 'allow' }
    const allowed = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })
    expect(allowed.url).toContain('?decision=')
    expect(await allowed.text()).toContain('in force since')
    const { body } = await post('/v1/state', { subject })
    expect((body['purposes'] as Purposes)[fields.purpose]?.status).toBe('granted')
  })
})

describe('without a projector', () => {
  test('a withdrawal is recorded but not called effective, a grant waits, and both go on once it is back', async () => {
    const subject = newSubject()
    await settled(await grant(subject))
    expect(await weir().service('projector').stop()).toBe(0)
    await until('the state can’t be told', async () => (await post('/v1/state', { subject })).status === 503)
    const asked = { subject, kind: 'grant', purposes: ['analytics'], ...shown('grant', ['analytics']) }
    expect((await post('/v1/decisions', asked)).status).toBe(503)
    const withdrawal = await decide(subject, 'withdraw')
    const waiting = settled(withdrawal)
    weir().start('projector')
    expect(await waiting).toMatchObject({ status: 'effective' })
    expect(await settled(await grant(newSubject()))).toMatchObject({ status: 'effective' })
  })
})

test('neither subjects nor links nor the token are in the logs', async () => {
  const subject = newSubject()
  const url = (await post('/v1/links', { subject })).body['url'] as string
  await (await fetch(url)).text()
  await fetch(`${url}x`)
  await settled(await decide(subject, 'withdraw'))
  const logs = weir().log('consent') + weir().log('projector')
  expect(logs).toContain('/preferences/:link')
  for (const secret of ['shopper-', new URL(url).pathname.split('/').pop() ?? '', weir().token])
    expect(logs).not.toContain(secret)
})
