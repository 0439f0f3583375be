import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { avroDecoder } from './avro-decoder.ts'
import { DecodingFailed, WrongOptions } from './errors.ts'

const schema = {
  type: 'record',
  name: 'Clean',
  fields: [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' }, pseudonymised: false },
    { name: 'path', type: ['null', 'string'], default: null },
    { name: 'count', type: 'long' },
  ],
}

let server: Server | undefined
afterEach(() => new Promise<void>((resolve) => server?.close(() => resolve()) ?? resolve()))

async function registry(answer: RequestListener): Promise<string> {
  const listening = createServer(answer)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `127.0.0.1:${address.port}`
}

/** Avro by hand: a long zig-zagged, a branch, a text's length, a long. */
const encoded = (count: bigint) => {
  const long = (value: bigint) => {
    const bytes: number[] = []
    let left = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128)
    return Buffer.from([...bytes, Number(left)])
  }
  return Buffer.concat([long(1_700_000_000_000n), long(1n), long(2n), Buffer.from('/a'), long(count)])
}

test('A value is read by its own schema, which is asked for once, with the login given', async () => {
  const asked: string[] = []
  const host = await registry((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization} ${request.headers['x-team']}`)
    response.end(JSON.stringify({ schema: JSON.stringify(schema) }))
  })
  const decode = avroDecoder({ registryUrl: `http://us%20er:pw@${host}/v7/`, registryHeaders: { 'x-team': 'ads' } })
  const values = [5n, 2n ** 53n - 1n, -(2n ** 60n)]
  const records = await Promise.all(values.map((count) => decode({ schemaId: 9, value: encoded(count) })))
  expect(records.map((record) => ({ ...record }))).toEqual([
    { at: 1_700_000_000_000, path: '/a', count: 5 },
    { at: 1_700_000_000_000, path: '/a', count: Number.MAX_SAFE_INTEGER },
    { at: 1_700_000_000_000, path: '/a', count: -(2n ** 60n) },
  ])
  expect(asked).toEqual([`/v7/schemas/ids/9 Basic ${Buffer.from('us er:pw').toString('base64')} ads`])
})

test.each(['', 'registry', 'localhost:8081', 'file:///schemas'])(
  'An address that is none of a registry (%j) is refused at once, not after asking there',
  (registryUrl) => {
    expect(() => avroDecoder({ registryUrl })).toThrow(WrongOptions)
    expect(() => avroDecoder({ registryUrl })).toThrow(/^registryUrl .*http/)
  },
)

test('A registry that is busy is asked again; one that does not know the schema is told of at once, and asked anew later', async () => {
  const statuses = [503, 404, 200]
  const host = await registry((_, response) => {
    response.statusCode = statuses.shift() ?? 500
    response.end(JSON.stringify({ schema: JSON.stringify(schema) }))
  })
  const decode = avroDecoder({ registryUrl: `http://${host}` })
  const record = { schemaId: 9, value: encoded(1n) }
  await expect(decode(record)).rejects.toThrow(DecodingFailed)
  expect(statuses).toEqual([200])
  expect(await decode(record)).toMatchObject({ count: 1 })
})

test('What can’t be decoded is told without its bytes', async () => {
  const texts = [JSON.stringify(schema), '"nonsense"', 'syntax = "proto3";']
  const host = await registry((_, response) => response.end(JSON.stringify({ schema: texts.shift() })))
  const decode = avroDecoder({ registryUrl: `http://${host}` })
  const secret = Buffer.concat([encoded(1n), Buffer.from('secret')])
  const failure: unknown = await decode({ schemaId: 9, value: secret }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(DecodingFailed)
  expect(String(failure)).not.toContain('secret')
  expect(failure).not.toHaveProperty('cause')
  await expect(decode({ schemaId: 10, value: secret })).rejects.toThrow(/Schema 10 .* can't be used/)
  await expect(decode({ schemaId: 11, value: secret })).rejects.toThrow(/not an Avro schema/)
  expect(() => avroDecoder({ registryUrl: 'nowhere' })).toThrow(WrongOptions)
})
