import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '../support/until.ts'

const root = resolve(import.meta.dirname, '../..')
const stack = inject('stack')
const namespace = `consent-test-${randomUUID().slice(0, 8)}.`
const folder = mkdtempSync(join(tmpdir(), 'weir-consent-'))
const token = randomBytes(32).toString('hex')

const environment = {
  ...process.env,
  ...stack,
  WEIR_NAMESPACE: namespace,
  WEIR_ROOT_KEY_FILE: secretFile('root.key', randomBytes(32)),
  WEIR_REFERENCE_KEY_FILE: secretFile('reference.key', randomBytes(32)),
  WEIR_SERVICE_TOKEN_FILE: secretFile('token', token),
}

function secretFile(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

/** A service in a process of its own, with what it logged. */
class ServiceProcess {
  readonly lines: string[] = []
  readonly #child: ChildProcess

  constructor(name: string) {
    this.#child = spawn(process.execPath, [join(root, 'services', name, 'src/main.ts')], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (this.#child.stdout) createInterface(this.#child.stdout).on('line', (line) => this.lines.push(line))
  }

  async event(event: string, what?: string): Promise<{ port?: number }> {
    return until(`${event} in the log`, () => {
      if (this.#child.exitCode !== null) throw new Error(`the process ended: ${this.lines.slice(-5).join('\n')}`)
      const found = this.lines
        .map((line) => JSON.parse(line))
        .find((one) => one.event === event && (!what || one.what === what))
      return found ?? null
    })
  }

  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM')
      await once(this.#child, 'exit')
    }
    return this.#child.exitCode
  }
}

let projector: ServiceProcess
let consent: ServiceProcess
let base: string

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(root, 'infra/kafka/main.ts'), '--execute'], { env: environment })
  projector = new ServiceProcess('projector')
  consent = new ServiceProcess('consent')
  const { port } = await consent.event('listening', 'http')
  base = `http://127.0.0.1:${port}`
  await Promise.all([projector.event('ready'), consent.event('ready')])
})

afterAll(async () => {
  await Promise.all([consent?.stop(), projector?.stop()])
  await deleteOurs()
  rmSync(folder, { recursive: true })
})

async function deleteOurs(): Promise<void> {
  const admin = new Kafka({ brokers: stack.KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const ours = (await admin.listTopics()).filter((topic) => topic.startsWith(namespace))
  await admin.deleteTopics({ topics: ours })
  await admin.disconnect()
  const redis = new Redis(stack.REDIS_URL)
  await redis.del(Array.from({ length: 16 }, (_, partition) => `${namespace}consent.state:${partition}`))
  redis.disconnect()
}

function newSubject() {
  return { kind: 'user', id: `shopper-${randomUUID()}` }
}

async function post(path: string, body: unknown) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: answer.status, body: await answer.json() }
}

async function decide(subject: object, kind: string, purposes = ['personalization']) {
  const { status, body } = await post('/v1/decisions', { subject, kind, purposes })
  expect(status, JSON.stringify(body)).toBe(202)
  return body
}

async function settled(decision: { href: string }) {
  const answer = await fetch(`${base}${decision.href}?waitMs=20000`, { headers: { authorization: `Bearer ${token}` } })
  return answer.json()
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
    expect(Math.abs(Date.parse(told.effectiveAt) - Date.now())).toBeLessThan(10_000)
    const { body } = await post('/v1/state', { subject })
    expect(body.purposes.personalization).toEqual({
      status: 'granted',
      since: expect.any(String),
      until: expect.anything(),
      notice: expect.any(Number),
    })
  })

  test('to withdraw ends a grant, and a grant based on less than it is refused', async () => {
    const subject = newSubject()
    await settled(await grant(subject))
    const { position } = (await post('/v1/state', { subject })).body
    expect(await settled(await decide(subject, 'withdraw'))).toMatchObject({ status: 'effective' })
    const late = { subject, kind: 'grant', purposes: ['personalization'], basedOn: position }
    expect(await settled((await post('/v1/decisions', late)).body)).toMatchObject({ status: 'refused' })
    const { body } = await post('/v1/state', { subject })
    expect(body.purposes.personalization.status).toBe('withdrawn')
  })

  test('sent twice with one id counts once', async () => {
    const body = { decisionId: randomUUID(), subject: newSubject(), kind: 'withdraw', purposes: ['personalization'] }
    const first = await post('/v1/decisions', body)
    const second = await post('/v1/decisions', body)
    expect(second.body).toEqual(first.body)
    expect((await settled(second.body)).status).toBe('effective')
  })
})

describe('the form', () => {
  test('switches a purpose without scripts, and says since when that is in force', async () => {
    const subject = newSubject()
    await until('the state can be told', async () => (await post('/v1/state', { subject })).status === 200)
    const { url } = (await post('/v1/links', { subject })).body
    const page = await (await fetch(url)).text()
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ''
    const fields = { token: field('token'), purpose: field('purpose'), notice: field('notice'), choice: 'allow' }
    const allowed = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })
    expect(allowed.url).toContain('?decision=')
    expect(await allowed.text()).toContain('in force since')
    const { body } = await post('/v1/state', { subject })
    expect(body.purposes[fields.purpose].status).toBe('granted')
  })
})

describe('without a projector', () => {
  test('a withdrawal is recorded but not called effective, a grant waits, and both go on once it is back', async () => {
    const subject = newSubject()
    await settled(await grant(subject))
    expect(await projector.stop()).toBe(0)
    await until('the state can’t be told', async () => (await post('/v1/state', { subject })).status === 503)
    expect((await post('/v1/decisions', { subject, kind: 'grant', purposes: ['analytics'] })).status).toBe(503)
    const withdrawal = await decide(subject, 'withdraw')
    const waiting = settled(withdrawal)
    projector = new ServiceProcess('projector')
    expect(await waiting).toMatchObject({ status: 'effective' })
    expect(await settled(await grant(newSubject()))).toMatchObject({ status: 'effective' })
  })
})

test('neither subjects nor links nor the token are in the logs', async () => {
  const subject = newSubject()
  const { url } = (await post('/v1/links', { subject })).body
  await (await fetch(url)).text()
  await fetch(`${url}x`)
  await settled(await decide(subject, 'withdraw'))
  const logs = [...consent.lines, ...projector.lines].join('\n')
  expect(logs).toContain('/preferences/:link')
  for (const secret of ['shopper-', new URL(url).pathname.split('/').pop() ?? '', token])
    expect(logs).not.toContain(secret)
})
