import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { httpRegistry } from './registry.ts'

type Answer = (response: ServerResponse) => void

/** A registry that answers as the test says, over real HTTP. */
const server = createServer(async (request, response) => {
  seen.push({ method: request.method, url: request.url, body: await bodyOf(request) })
  answer(response)
})
let seen: { method: string | undefined; url: string | undefined; body: string }[] = []
let answer: Answer = () => {}
let address = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/apis/ccompat/v7`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
beforeEach(() => {
  seen = []
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

function json(status: number, body: unknown): Answer {
  return (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const schema = { type: 'record', name: 'E', fields: [{ name: 'a', type: 'string', 'confluent:tags': ['PII'] }] }
const reader = () => httpRegistry(address)

/** Asks all three questions. */
async function all() {
  const { schemaById, knowsSubject, idOf } = reader()
  return [(await schemaById(7)).kind, await knowsSubject('s'), (await idOf('s', schema)).kind]
}

describe('a schema', () => {
  it('comes by its id as it was written, with what an Avro library would drop', async () => {
    answer = json(200, { schema: JSON.stringify(schema) })
    expect(await reader().schemaById(7)).toEqual({ kind: 'found', schema })
    expect(seen).toEqual([{ method: 'GET', url: '/apis/ccompat/v7/schemas/ids/7', body: '' }])
  })

  it('that is no JSON, Protobuf say, is found, and can’t be used', async () => {
    answer = json(200, { schemaType: 'PROTOBUF', schema: 'syntax = "proto3";' })
    expect(await reader().schemaById(7)).toEqual({ kind: 'found', schema: null })
  })

  it('is looked up by subject and content, whatever signs the subject has', async () => {
    answer = json(200, { subject: 's', id: 12, version: 1 })
    expect(await httpRegistry(`${address}//`).idOf('ns/a b-value', schema)).toEqual({ kind: 'found', id: 12 })
    const [asked] = seen
    expect([asked?.method, asked?.url]).toEqual(['POST', '/apis/ccompat/v7/subjects/ns%2Fa%20b-value'])
    expect(JSON.parse(asked?.body ?? '')).toEqual({ schema: JSON.stringify(schema) })
  })
})

describe('a subject', () => {
  it('is known when it has versions', async () => {
    answer = json(200, [1, 2])
    expect(await reader().knowsSubject('a/b')).toBe('yes')
    expect(seen[0]?.url).toBe('/apis/ccompat/v7/subjects/a%2Fb/versions')
    answer = json(200, [])
    expect(await reader().knowsSubject('s')).toBe('no')
  })
})

describe('"there is none"', () => {
  it('is what a registry’s own 404 says', async () => {
    answer = json(404, { error_code: 40403, message: 'Schema not found' })
    expect(await all()).toEqual(['absent', 'no', 'absent'])
  })
})

describe('nothing can be told, and nothing is taken for absent, when', () => {
  const broken: readonly (readonly [string, Answer])[] = [
    ['the registry fails', json(500, { error_code: 50001 })],
    ['it is overloaded', json(503, {})],
    ['it refuses us', json(401, { error_code: 401 })],
    ['too much was asked of it', json(429, {})],
    ['a proxy answers 404 with a page of its own', (response) => response.writeHead(404).end('<html>not here</html>')],
    ['a proxy answers 200 with a page of its own', (response) => response.writeHead(200).end('<html>log in</html>')],
    ['the answer has another form', json(200, { version: 1 })],
    [
      'the answer is cut off',
      (response) => response.writeHead(200, { 'content-length': 99 }).write('{', cut(response)),
    ],
    ['the connection breaks', (response) => response.destroy()],
    ['we are sent elsewhere', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['the answer is larger than any schema', json(200, { schema: '1', id: 1, more: 'x'.repeat(4 * 1024 * 1024) })],
  ]

  function cut(response: ServerResponse) {
    return () => response.destroy()
  }

  it.each(broken)('%s', async (what, how) => {
    answer = how
    const [schemaKind, subjectKnown, idKind] = await all()
    expect([schemaKind, idKind]).toEqual(['away', 'away'])
    // For a subject any 200 with JSON that is no list of versions says that there are none of it.
    expect(subjectKnown).toBe(what === 'the answer has another form' ? 'no' : 'away')
    expect(seen.every(({ url }) => url?.startsWith('/apis/'))).toBe(true)
  })

  it('nobody listens', async () => {
    const gone = createServer()
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
    const { port } = gone.address() as AddressInfo
    await new Promise((resolve) => gone.close(resolve))
    expect(await httpRegistry(`http://127.0.0.1:${port}`).schemaById(7)).toEqual({ kind: 'away' })
  })

  it('no answer comes: the wait has an end', async () => {
    answer = () => {}
    const { schemaById, knowsSubject, idOf } = reader()
    const asked = await Promise.all([schemaById(7), knowsSubject('s'), idOf('s', schema)])
    expect(asked).toEqual([{ kind: 'away' }, 'away', { kind: 'away' }])
  })
})
