import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { kafkaConfig } from './config.ts'
import { kafkaOptions } from './kafka-options.ts'
import { ConfigError, readConfig } from './read-config.ts'

const schema = z.object(kafkaConfig)
const brokers = { KAFKA_BROKERS: 'one:9093' }

let folder: string
const servers: Server[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-kafka-options-'))
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function options(environment: Record<string, string>) {
  return kafkaOptions(readConfig('test', schema, { ...brokers, ...environment }))
}

function refused(environment: Record<string, string>): readonly string[] {
  try {
    options(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.variables
    throw error
  }
  throw new Error('this was not refused')
}

/** Where tokens are given out; `answer` decides. */
async function endpoint(answer: (request: IncomingMessage, body: string) => [status: number, body: object]) {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (data) => {
      body += data
    })
    request.on('end', () => {
      const [status, told] = answer(request, body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(told))
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/oauth/token`
}

async function tokenOf({ sasl }: ReturnType<typeof options>): Promise<string> {
  if (sasl?.mechanism !== 'oauthbearer') throw new Error('no login by token')
  return (await sasl.oauthBearer()).value
}

test('Certificates, key and password are read from their files', () => {
  const read = options({
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA_FILE: file('ca', 'the ca'),
    KAFKA_SSL_CERT_FILE: file('cert', 'the cert'),
    KAFKA_SSL_KEY_FILE: file('key', 'the key'),
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_SASL_USERNAME: 'weir',
    KAFKA_SASL_PASSWORD_FILE: file('password', 'pass word \n'),
  })
  expect(read.ssl).toEqual({ ca: 'the ca', cert: 'the cert', key: 'the key' })
  expect(read.sasl).toEqual({ mechanism: 'scram-sha-512', username: 'weir', password: 'pass word ' })
})

test('A file that is not there is told by the name of its setting', () => {
  const missing = join(folder, 'nothing')
  expect(refused({ KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: missing })).toEqual(['KAFKA_SSL_CA_FILE'])
})

const plain = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' }
const bearer = { KAFKA_SASL_MECHANISM: 'oauthbearer' }
test.each([
  [{ KAFKA_SSL_CA_FILE: '/ca' }, ['KAFKA_SSL']],
  [{ KAFKA_SSL: 'true', KAFKA_SSL_CERT_FILE: '/cert' }, ['KAFKA_SSL_KEY_FILE']],
  [{ ...plain, KAFKA_SASL_PASSWORD_FILE: '/password' }, ['KAFKA_SASL_PASSWORD_FILE']],
  [{ ...plain, KAFKA_SASL_TOKEN_FILE: '/token' }, ['KAFKA_SASL_TOKEN_FILE']],
  [bearer, ['KAFKA_SASL_TOKEN_FILE']],
  [{ ...bearer, KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_TOKEN_FILE: '/token' }, ['KAFKA_SASL_USERNAME']],
  [{ KAFKA_SASL_TOKEN_FILE: '/token' }, ['KAFKA_SASL_MECHANISM']],
  [
    { ...bearer, KAFKA_SASL_TOKEN_ENDPOINT: 'https://idp/token' },
    ['KAFKA_SASL_CLIENT_ID', 'KAFKA_SASL_CLIENT_SECRET_FILE'],
  ],
  [
    {
      ...bearer,
      KAFKA_SASL_TOKEN_ENDPOINT: 'http://idp/token',
      KAFKA_SASL_CLIENT_ID: 'c',
      KAFKA_SASL_CLIENT_SECRET_FILE: '/secret',
    },
    ['KAFKA_SASL_TOKEN_ENDPOINT'],
  ],
])('Settings that would be half a login, or another than meant, are refused: %j', (environment, variables) => {
  expect(refused(environment)).toEqual(variables)
})

test('A token file is read again for each login', async () => {
  const read = options({ ...bearer, KAFKA_SASL_TOKEN_FILE: file('token', 'first\n') })
  expect(await tokenOf(read)).toBe('first')
  file('token', 'second\n')
  expect(await tokenOf(read)).toBe('second')
})

test('A token of an endpoint is asked for once by many, and again with the new secret when it is nearly over', async () => {
  const asked: string[] = []
  const url = await endpoint((request, body) => {
    const basic = Buffer.from(String(request.headers.authorization).replace('Basic ', ''), 'base64').toString()
    asked.push(`${basic} ${body}`)
    return [200, { access_token: `token-${asked.length}`, expires_in: asked.length === 1 ? 3_600 : 0 }]
  })
  const environment = {
    ...bearer,
    KAFKA_SASL_TOKEN_ENDPOINT: url,
    KAFKA_SASL_CLIENT_ID: 'weir',
    KAFKA_SASL_CLIENT_SECRET_FILE: file('secret', 's3/cret\n'),
    KAFKA_SASL_SCOPE: 'kafka',
  }
  const long = options(environment)
  expect(await Promise.all([tokenOf(long), tokenOf(long)])).toEqual(['token-1', 'token-1'])
  expect(await tokenOf(long)).toBe('token-1')
  expect(asked).toEqual(['weir:s3%2Fcret grant_type=client_credentials&scope=kafka'])
  // What has no life left is not kept.
  const short = options(environment)
  expect(await tokenOf(short)).toBe('token-2')
  file('secret', 'changed')
  expect(await tokenOf(short)).toBe('token-3')
  expect(asked.at(-1)).toContain('weir:changed')
})

test('An endpoint that refuses is named, with its reason and without the secret', async () => {
  const url = await endpoint(() => [401, { error: 'invalid_client', error_description: 's3cret is wrong' }])
  const read = options({
    ...bearer,
    KAFKA_SASL_TOKEN_ENDPOINT: `${url}?key=s3cret`,
    KAFKA_SASL_CLIENT_ID: 'weir',
    KAFKA_SASL_CLIENT_SECRET_FILE: file('secret', 's3cret'),
  })
  const refusal = await tokenOf(read).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'WEIR_KAFKA_TOKEN' })
  expect(String(refusal)).toContain(`${url} answered 401 (invalid_client)`)
  expect(String(refusal)).not.toContain('s3cret')
})

test('An endpoint that redirects is not followed: the secret would go along', async () => {
  let reached = 0
  const elsewhere = await endpoint(() => {
    reached++
    return [200, { access_token: 'x' }]
  })
  const server = createServer((_, response) => response.writeHead(307, { location: elsewhere }).end())
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const read = options({
    ...bearer,
    KAFKA_SASL_TOKEN_ENDPOINT: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`,
    KAFKA_SASL_CLIENT_ID: 'weir',
    KAFKA_SASL_CLIENT_SECRET_FILE: file('secret', 's3cret'),
  })
  await expect(tokenOf(read)).rejects.toThrow("can't be reached")
  expect(reached).toBe(0)
})
