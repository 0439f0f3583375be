import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RegistryAway, SchemaNotRegistered } from './errors.ts'
import { registeredSchema } from './registered-schema.ts'

interface Seen {
  readonly request: string
  readonly login: string | undefined
  readonly body: string
}

const seen: Seen[] = []
let answers: { status: number; body: unknown }[] = []
const server = createServer(async (request, response) => {
  seen.push({
    request: `${request.method} ${request.url}`,
    login: request.headers.authorization,
    body: await bodyOf(request),
  })
  onRequest()
  const { status, body } = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 500, body: null }
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
})
let url = ''
let onRequest = () => {}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`
})
afterAll(() => server.close())
beforeEach(() => {
  seen.length = 0
  onRequest = () => {}
})

const signal = () => AbortSignal.timeout(10_000)
const ask = (options: Partial<Parameters<typeof registeredSchema>[0]> = {}) =>
  registeredSchema({
    url,
    headers: {},
    subject: 'ns.s/1.raw-value',
    schema: { type: 'x' },
    signal: signal(),
    ...options,
  })

describe('the registered schema', () => {
  it('is looked up by its own text under the subject, and never written', async () => {
    answers = [{ status: 200, body: { id: 7, schema: '{"type":"x","extra":1}' } }]
    expect(await ask()).toEqual({ id: 7, schema: { type: 'x' } })
    expect(seen.map(({ request }) => request)).toEqual(['POST /api/subjects/ns.s%2F1.raw-value'])
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ schema: '{"type":"x"}' })
  })

  it('is the newest when none is given', async () => {
    answers = [{ status: 200, body: { id: 8, schema: '{"type":"y"}' } }]
    expect(await ask({ schema: null })).toEqual({ id: 8, schema: { type: 'y' } })
    expect(seen.map(({ request }) => request)).toEqual(['GET /api/subjects/ns.s%2F1.raw-value/versions/latest'])
  })

  it('that is not there is said at once, with what to do', async () => {
    answers = [{ status: 404, body: { error_code: 40403 } }]
    await expect(ask()).rejects.toThrow(SchemaNotRegistered)
    await expect(ask()).rejects.toThrow(/ns\.s\/1\.raw-value\. Run `weir contract apply`/)
  })

  it('is asked for again while the registry is away', async () => {
    answers = [
      { status: 503, body: null },
      { status: 429, body: null },
      { status: 200, body: { id: 9, schema: '"x"' } },
    ]
    expect(await ask()).toMatchObject({ id: 9 })
    expect(seen).toHaveLength(3)
  })

  it('is given up when the time is over, with the reason', async () => {
    answers = [{ status: 503, body: null }]
    const given = new AbortController()
    onRequest = () => {
      if (seen.length === 2) given.abort()
    }
    await expect(ask({ signal: given.signal })).rejects.toThrow(/it answered 503/)
    const nobody = 'http://127.0.0.1:1/'
    await expect(ask({ url: nobody, signal: AbortSignal.timeout(100) })).rejects.toThrow(RegistryAway)
  })

  it.each([
    ['a refused login', { status: 401, body: null }],
    ["a proxy's page", { status: 200, body: '<html>' }],
    ['an id that is none', { status: 200, body: { id: '7', schema: '{}' } }],
    ['a redirect', { status: 302, body: null }],
  ])('is not asked for again after %s', async (_, answer) => {
    answers = [answer]
    await expect(ask({ signal: AbortSignal.timeout(2_000) })).rejects.toThrow(RegistryAway)
    expect(seen).toHaveLength(1)
  })

  it("is asked for with a user and password of the address, which no error tells, and the caller's headers", async () => {
    answers = [{ status: 401, body: null }]
    const withLogin = url.replace('//', '//me:s%40crt@')
    await expect(ask({ url: withLogin })).rejects.not.toThrow(/s@crt|s%40crt/)
    expect(seen[0]?.login).toBe(`Basic ${Buffer.from('me:s@crt').toString('base64')}`)
    await ask({ headers: { authorization: 'Bearer t' } }).catch(() => {})
    expect(seen[1]?.login).toBe('Bearer t')
  })
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request) text += String(part)
  return text
}
