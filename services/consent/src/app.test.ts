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

describe('who may call', () => {
  test.each(['/v1/decisions', '/v1/state', '/v1/links'])('%s needs the service token', async (url) => {
    const answer = await post(url, { subject: ADA }, { authorization: 'Bearer something-else' })
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    expect(answer.json()).toMatchObject({ code: 'WEIR_CONSENT_UNAUTHORIZED', mend: expect.any(String) })
  })

  test('a decision is told to nobody without the token', async () => {
    await decide('grant', { decisionId: ID })
    expect((await app.inject({ url: `/v1/decisions/${ID}` })).statusCode).toBe(401)
  })
})

describe('requests that are no requests', () => {
  test.each([
    ['broken JSON', '{"subject": "ada-lovelace', 'application/json', 400, 'WEIR_CONSENT_INVALID_REQUEST'],
    ['another content type', 'ada-lovelace', 'text/plain', 415, 'WEIR_CONSENT_MEDIA_TYPE'],
    ['a form', 'subject=ada-lovelace', 'application/x-www-form-urlencoded', 415, 'WEIR_CONSENT_MEDIA_TYPE'],
    ['too much', `"${'a'.repeat(70_000)}"`, 'application/json', 413, 'WEIR_CONSENT_BODY_TOO_LARGE'],
  ])('%s is refused without being quoted', async (_what, body, type, status, code) => {
    const answer = await post('/v1/decisions', body, { 'content-type': type })
    expect(answer.statusCode).toBe(status)
    expect(answer.json().code).toBe(code)
    expect(answer.body).not.toContain('ada-lovelace')
  })

  test.each(['/v1/nothing/ada-lovelace', '/%zz-ada-lovelace', `/v1/decisions/${'a'.repeat(9000)}`])(
    'an address that nothing is at is not quoted: %s',
    async (url) => {
      const answer = await get(url)
      expect(answer.statusCode).toBe(404)
      expect(answer.json()).toMatchObject({ code: expect.stringMatching(/^WEIR_CONSENT_/) })
      expect(answer.body).not.toContain('ada-lovelace')
    },
  )

  test('a mistake of ours is told without its details', async () => {
    const broken = new ConsentStack({
      refOf: () => {
        throw new Error('no ref for ada-lovelace')
      },
    })
    app = await broken.app()
    const answer = await decide('grant')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('ada-lovelace')
  })
})
