import type { FastifyInstance } from 'fastify'
import pino from 'pino'
import { beforeEach, describe, expect, test } from 'vitest'
import { ConsentStack, call, TOKEN } from '../fixtures/consent-stack.ts'
import { contracts, personalization } from '../fixtures/contracts.ts'

const ADA = { kind: 'user', id: 'ada-lovelace' } as const

let stack: ConsentStack
let app: FastifyInstance
let path: string

beforeEach(async () => {
  stack = new ConsentStack()
  app = await stack.app()
  path = await linkPath()
})

async function linkPath(body: Record<string, unknown> = {}): Promise<string> {
  const answer = await call(app, 'POST', '/v1/links', { subject: ADA, ...body })
  expect(answer.statusCode).toBe(201)
  return new URL(answer.json().url).pathname
}

async function page(url = path): Promise<string> {
  return (await app.inject({ url })).body
}

function tokenOf(html: string): string {
  return /name="token" value="([^"]+)"/.exec(html)?.[1] ?? ''
}

function press(fields: Record<string, string>, url = path) {
  return app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  })
}

const forPersonalization = { purpose: 'personalization', notice: '4' }

function statusOf(purpose: string): string | undefined {
  return [...stack.states.values()][0]?.purposes[purpose]?.status
}

describe('the page', () => {
  test('shows each purpose, and nothing of who asked', async () => {
    const html = await page()
    expect(html).toContain('Statistics')
    expect(html).toContain('You find things sooner.')
    expect(html).not.toContain(ADA.id)
  })

  test('carries headers that keep the link from leaking and scripts from running', async () => {
    const { headers } = await app.inject({ url: path })
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/html; charset=utf-8',
    })
  })

  test('takes its style from one address of ours', async () => {
    const style = await app.inject({ url: '/preferences/style.css' })
    expect(style.headers['content-type']).toBe('text/css; charset=utf-8')
    expect(await page()).toContain('href="/preferences/style.css"')
  })

  test('offers only "no" while the state can’t be read, and that is recorded', async () => {
    stack.held = 'redis-away'
    const html = await page()
    expect(html).toMatch(/<button[^>]*value="allow"[^>]*disabled/)
    expect(html).not.toMatch(/<button[^>]*value="deny"[^>]*disabled/)
    const token = tokenOf(html)
    expect((await press({ token, choice: 'allow', ...forPersonalization })).statusCode).toBe(403)
    expect((await press({ token, choice: 'deny', ...forPersonalization })).statusCode).toBe(303)
    expect(stack.decisions.map((decision) => decision.kind)).toEqual(['withdraw'])
  })
})

describe('a press', () => {
  test('on "Allow" grants the notice that was shown, and the page says since when it is in force', async () => {
    const answer = await press({ token: tokenOf(await page()), choice: 'allow', ...forPersonalization })
    expect(answer.statusCode).toBe(303)
    expect(stack.decisions[0]).toMatchObject({ kind: 'grant', notices: [4], basedOn: -1, source: 'preference-centre' })
    const html = await page(new URL(String(answer.headers.location), `http://x${path}`).href.slice('http://x'.length))
    expect(html).toContain('in force since')
    expect(html).toContain(new Date(stack.nowMs).toISOString())
    expect(html).toContain('You allow this.')
  })

  test('on "Do not allow" withdraws at once, and objects where no consent was asked', async () => {
    await press({ token: tokenOf(await page()), choice: 'deny', ...forPersonalization })
    await press({ token: tokenOf(await page()), choice: 'deny', purpose: 'analytics', notice: '1' })
    expect(stack.decisions.map((decision) => decision.kind)).toEqual(['withdraw', 'object'])
  })

  test('on "Do not allow anything" withdraws every purpose in one record', async () => {
    await press({ token: tokenOf(await page()), choice: 'allow', ...forPersonalization })
    const answer = await press({ token: tokenOf(await page()), choice: 'withdraw-all' })
    expect(answer.statusCode).toBe(303)
    expect(stack.decisions[1]).toMatchObject({ kind: 'withdraw', purposes: ['personalization', 'analytics'] })
    expect(statusOf('personalization')).toBe('withdrawn')
  })

  test('on a page older than a withdrawal does not allow anything, and says so', async () => {
    const old = tokenOf(await page())
    await press({ token: old, choice: 'deny', ...forPersonalization })
    const answer = await press({ token: old, choice: 'allow', ...forPersonalization })
    expect(statusOf('personalization')).toBe('withdrawn')
    const query = new URL(String(answer.headers.location), 'http://x').search
    expect(await page(path + query)).toContain('was not taken over')
  })

  test('that is not yet in force is told as that', async () => {
    stack.foldAtOnce = false
    const answer = await press({ token: tokenOf(await page()), choice: 'deny', ...forPersonalization })
    const query = new URL(String(answer.headers.location), 'http://x').search
    const asked = page(path + query)
    const html = await passingTime(asked)
    expect(html).toContain('not yet in force')
  })

  test('that the ledger does not confirm is no success', async () => {
    stack.appends = 'fail'
    const answer = await press({ token: tokenOf(await page()), choice: 'deny', ...forPersonalization })
    expect(answer.statusCode).toBe(503)
    expect(answer.body).toContain('try again')
  })

  test.each([
    ['without a token', {}],
    ['with a made-up token', { token: 'AAAA' }],
  ])('%s changes nothing', async (_what, fields) => {
    const answer = await press({ choice: 'allow', ...forPersonalization, ...fields })
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.body).toContain('was not recorded')
    expect(stack.records).toHaveLength(0)
  })

  test('with the token of another person’s page changes nothing', async () => {
    const other = await linkPath({ subject: { kind: 'user', id: 'grace' } })
    const answer = await press({ token: tokenOf(await page(other)), choice: 'allow', ...forPersonalization })
    expect(answer.statusCode).toBe(403)
    expect(stack.records).toHaveLength(0)
  })

  test('under a notice that is no longer today’s shows the new words first', async () => {
    const token = tokenOf(await page())
    expect((await press({ token, choice: 'allow', purpose: 'personalization', notice: '3' })).statusCode).toBe(400)
    expect((await press({ token, choice: 'deny', purpose: 'personalization', notice: '3' })).statusCode).toBe(303)
  })
})

describe('a link', () => {
  test('that has run out is gone, for reading and for pressing', async () => {
    const token = tokenOf(await page())
    stack.nowMs += 3_600_000
    for (const answer of [await app.inject({ url: path }), await press({ token, choice: 'withdraw-all' })]) {
      expect(answer.statusCode).toBe(410)
      expect(answer.body).toContain('This link has run out')
    }
    expect(stack.records).toHaveLength(0)
  })

  test('lives as long as was asked', async () => {
    path = await linkPath({ expiresInS: 7200 })
    stack.nowMs += 7_199_000
    expect((await app.inject({ url: path })).statusCode).toBe(200)
  })

  test('that was tampered with, or made up, is unknown', async () => {
    for (const url of [`${path}A`, path.slice(0, -1), '/preferences/made-up', '/preferences/%00']) {
      const answer = await app.inject({ url })
      expect(answer.statusCode).toBe(404)
      expect(answer.headers['content-type']).toContain('text/html')
      expect(answer.body).toContain('does not exist')
    }
  })

  test('with the longest id that the API takes still opens', async () => {
    path = await linkPath({ subject: { kind: 'user', id: '\u0001'.repeat(512) } })
    expect((await app.inject({ url: path })).statusCode).toBe(200)
  })

  test('shows nobody else’s decision', async () => {
    const other = await linkPath({ subject: { kind: 'user', id: 'grace' } })
    const answer = await press({ token: tokenOf(await page(other)), choice: 'withdraw-all' }, other)
    const query = new URL(String(answer.headers.location), 'http://x').search
    expect(await page(other + query)).toContain('in force since')
    expect(await page(path + query)).not.toContain('in force since')
  })
})

test('neither links nor subjects nor purposes’ tokens come into log or metrics', async () => {
  const lines: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) })
  stack = new ConsentStack({ log })
  app = await stack.app()
  path = await linkPath()
  const token = tokenOf(await page())
  await press({ token, choice: 'allow', ...forPersonalization })
  stack.appends = 'fail'
  await press({ token, choice: 'deny', ...forPersonalization })
  await app.inject({ url: `${path}?x=%zz` })
  await app.inject({ url: `/nowhere${path}` })
  await app.inject({ url: `${path}/%zz` })
  const told = lines.join('') + (await stack.registry.metrics())
  expect(told).toContain('/preferences/:link')
  for (const secret of [path.slice('/preferences/'.length), token, ADA.id, TOKEN]) expect(told).not.toContain(secret)
})

test('the contract of these tests has something to escape', () => {
  expect(contracts.purposes).toContain(personalization)
  expect(personalization.title).toMatch(/[<&"]/)
})

/** Lets the clock of the service run on until the page has come. */
async function passingTime(asked: Promise<string>): Promise<string> {
  stack.monotonicMs += 5000
  return asked
}
