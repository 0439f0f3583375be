import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { decodeChunk } from '@weir/audit'
import type { EndOf } from '@weir/kafka'
import { KeyRing, sealer, unpadded } from '@weir/pseudonym'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ForeignRecord } from '../support/foreign/foreign.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import { type CliRun, weirCli } from '../support/weir-cli.ts'

const UNKNOWN = 'WEIR_EVENT_SCHEMA_UNKNOWN'
const MALFORMED = 'WEIR_EVENT_MALFORMED'
const REDRIVE = fileURLToPath(new URL('../../services/sanitizer/src/redrive.ts', import.meta.url))
const WEIR = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url))
const WHO = ['--role', 'on call', '--reason', 'ticket 7'] as const

/** A member that was killed is waited for. */
const SLOW = { timeout: 150_000 }

/** Of the first schema more than one chunk holds, so that one is committed while another waits for the second schema. */
const [FIRST, SECOND] = [500, 50]

/** Real events end up in quarantine, and people look at them, send them through again, and throw them away. */
describe('weir quarantine', () => {
  const weir = sharedWeir({ rawPartitions: 1 }, ['projector', 'consent'])
  let registry: Server
  /** Schemas that are registered. What the registry of sanitizer and commands says of them: all, 404, or nothing. */
  let first: { schema: unknown; id: number }
  let second: { schema: unknown; id: number }
  const shows = new Map<number, 'absent' | 'away'>()
  let publishedMs = 0

  beforeAll(async () => {
    const { schema } = await weir().registered('clickstream.raw')
    first = await weir().register('clickstream.raw', { ...(schema as object), doc: 'A newer version.' })
    second = await weir().register('clickstream.raw', { ...(schema as object), doc: 'A still newer version.' })
    for (const { id } of [first, second]) shows.set(id, 'absent')
    registry = createServer(async (request, response) => {
      const how = shows.get(Number(/\/schemas\/ids\/(\d+)$/.exec(request.url ?? '')?.[1]))
      const answer = how === undefined ? await forwarded(request) : null
      response.writeHead(answer?.status ?? (how === 'away' ? 503 : 404), {
        'content-type': 'application/vnd.schemaregistry.v1+json',
      })
      response.end(answer === null ? '{"error_code":40403}' : await answer.text())
    })
    await new Promise<void>((listening) => registry.listen(0, '127.0.0.1', listening))
    await Promise.all([
      weir().start('sanitizer', 'sanitizer', registryEnv()).ready(),
      ...['anna', 'ben'].map((subject) => weir().decide({ subject, kind: 'grant', purposes: ['personalization'] })),
    ])
    // They claim to be of tomorrow; an event is as old as raw says.
    const occurredAt = Date.now() + 86_400_000
    const ofSchema = (schemaOf: { schema: unknown; id: number }, count: number) =>
      Array.from({ length: count }, (_, i) => {
        const subject = i % 2 === 0 ? 'anna' : 'ben'
        return { key: subject, value: weir().event(subject, { occurredAt }, schemaOf) }
      })
    await weir().publish([...ofSchema(first, FIRST), ...ofSchema(second, SECOND)])
    await weir().publish(['x', 'y'].map((key) => ({ key, value: weir().event(key).subarray(0, 40) })))
    publishedMs = Date.now()
    await weir().drained()
  })
  afterAll(async () => {
    await new Promise((closed) => registry.close(closed))
  })

  async function forwarded(request: IncomingMessage): Promise<Response> {
    const { method = 'GET', url = '/', headers } = request
    return fetch(weir().stack.SCHEMA_REGISTRY_URL + url, {
      method,
      headers: { 'content-type': headers['content-type'] ?? 'application/json' },
      ...(method === 'GET' ? {} : { body: await text(request) }),
    })
  }

  function registryEnv(): Record<string, string> {
    return { SCHEMA_REGISTRY_URL: `http://127.0.0.1:${(registry.address() as AddressInfo).port}` }
  }

  const run = (...args: readonly string[]) => weirCli(['quarantine', ...args], { ...weir().env, ...registryEnv() })

  function opened({ topic, value }: ForeignRecord): Buffer {
    return sealer(new KeyRing([[1, readFileSync(join(weir().folder, 'root.key'))]], 1)).open(topic, value as Buffer)
  }

  const acts = async () => ndjson((await run('acts', '--json')).out)

  function started(program: string, ...args: readonly string[]) {
    const env = { PATH: process.env['PATH'], ...weir().env, ...registryEnv() }
    return spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  }

  async function endOf(name: string, end: EndOf): Promise<number> {
    const [offset = -1] = await (await weir().kafka()).endOffsets([{ topic: weir().topic(name), partition: 0 }], end)
    return offset
  }

  /** How far the unknown ones were redriven. */
  async function committed(): Promise<number> {
    const group = weir().topic(`redrive.clickstream.${UNKNOWN}`)
    const partition = { topic: weir().topic('clickstream.quarantine'), partition: 0 }
    return (await (await weir().kafka()).committedOffsets(group, [partition]))[0] ?? 0
  }

  async function listed(): Promise<Record<string, number[]>> {
    const counts = ndjson((await run('list', '--json')).out).filter(({ kind }) => kind === 'count')
    return Object.fromEntries(counts.map(({ code, records, redriven }) => [code, [Number(records), Number(redriven)]]))
  }

  it('list counts by reason, raw partition and age', async () => {
    const { exit, out } = await run('list', '--json')
    expect(exit).toBe(0)
    const count = { kind: 'count', stream: 'clickstream', rawPartition: 0, age: 'under 1 h', redriven: 0 }
    expect(ndjson(out)).toMatchObject([
      { ...count, code: MALFORMED, records: 2 },
      { ...count, code: UNKNOWN, records: FIRST + SECOND },
      { kind: 'summary', records: FIRST + SECOND + 2 },
    ])
  })

  it('show tells where a record came from and why it is here, and a payload only with role and reason', async () => {
    const [bad, some, ...refused] = await Promise.all([
      run('show', '--code', MALFORMED, '--json'),
      run('show', '--at', '0:5', '--at', '0:3', '--json'),
      ...[WHO.slice(0, 2), ['--role', ' ', '--reason', 'x']].map((who) => run('show', '--payload', ...who)),
    ])
    expect(ndjson(bad.out)).toMatchObject([
      { code: MALFORMED, rawTopic: weir().topic('clickstream.raw'), rawPartition: 0, rawOffset: FIRST + SECOND },
      { code: MALFORMED, rawOffset: FIRST + SECOND + 1 },
    ])
    expect(ndjson(some.out)).toMatchObject([
      { offset: 3, rawOffset: 3 },
      { offset: 5, rawOffset: 5 },
    ])
    for (const { out } of [bad, some]) expect(out).not.toMatch(/payload|anna|ben/)
    for (const one of refused) expect(one).toMatchObject({ exit: 2, out: '' })
    expect(await endOf('weir.acts', 'stable')).toBe(0)
  })

  it('show shows no payload when the look can not be recorded, and records it first when it can', async () => {
    await (await weir().kafka()).admin.deleteTopics([weir().topic('weir.acts')])
    const refused = await run('show', '--payload', ...WHO)
    expect(refused).toMatchObject({ exit: 5, out: '' })
    expect(refused.said).toContain('nothing is shown')
    await weir().apply()

    const started = Date.now()
    const { exit, out } = await run('show', '--payload', '--at', '0:3', '--at', '0:4', ...WHO, '--json')
    expect(exit).toBe(0)
    const notice = `the registry has no schema ${first.id}`
    expect(ndjson(out)).toMatchObject([{ payload: { key: 'ben', notice } }, { payload: { key: 'anna', notice } }])
    const [act, ...others] = await acts()
    expect(others).toEqual([])
    expect(act).toMatchObject({ did: 'look', stream: 'clickstream', role: 'on call', why: 'ticket 7' })
    expect(act?.['ranges']).toEqual([{ partition: 0, from: 3, to: 5 }])
    expect(act?.['atMs']).toBeGreaterThanOrEqual(started)
    expect(JSON.stringify(act)).not.toMatch(/anna|ben/)
  })

  it(
    'redrive publishes each record once through kill -9 and Ctrl-C in the middle, by the consent of now',
    SLOW,
    async () => {
      const [plan, ...more] = ndjson((await run('redrive', '--code', UNKNOWN, '--json')).out)
      expect(more).toEqual([])
      expect(plan).toMatchObject({ code: UNKNOWN, records: FIRST + SECOND, tooOld: 0, keepsKeyOrder: false })
      expect(await endOf('clickstream.personalization', 'stable')).toBe(0)

      await weir().decide({ subject: 'ben', kind: 'withdraw', purposes: ['personalization'] })
      shows.delete(first.id)
      shows.set(second.id, 'away')
      const crashed = started(REDRIVE, JSON.stringify(taskOf(plan)))
      await until('a chunk committed', async () => (await committed()) > 0)
      crashed.kill('SIGKILL')
      await once(crashed, 'exit')
      expect(await committed()).toBeLessThan(FIRST + SECOND)

      const execute = ['redrive', '--code', UNKNOWN, '--execute', ...WHO, '--json']
      const interrupted = started(WEIR, 'quarantine', ...execute)
      const lines: string[] = []
      createInterface({ input: interrupted.stdout }).on('line', (line) => {
        // Once: whoever asks twice does not want to wait.
        if (line.includes('"progress"') && !lines.some((one) => one.includes('"progress"'))) interrupted.kill('SIGINT')
        lines.push(line)
      })
      expect(await once(interrupted, 'exit')).toEqual([130, null])
      expect(ndjson(lines.join('\n')).at(-1)).toMatchObject({ kind: 'redriven', state: 'interrupted' })
      expect(await committed()).toBeLessThan(FIRST + SECOND)

      shows.delete(second.id)
      const done = await run(...execute)
      expect(done.exit, done.said).toBe(0)
      expect(ndjson(done.out).at(-1)).toMatchObject({ kind: 'redriven', state: 'completed', quarantined: 0 })

      const clean = await weir().clean('personalization')
      const granted = clean.filter(({ key }) => key !== null)
      expect([clean.length, granted.length]).toEqual([FIRST + SECOND, (FIRST + SECOND) / 2])
      expect(new Set(granted.map(({ event }) => event['eventId'])).size).toBe(granted.length)
      expect(new Set(granted.map(({ key }) => key?.toString())).size).toBe(1)
      // Times are those of raw, not of the redrive.
      for (const { timestamp } of granted) expect(timestamp).toBeLessThanOrEqual(publishedMs)
    },
  )

  it('redrive has nothing left to do then; other reasons are where they were; what fails again is there again', async () => {
    const [again] = ndjson((await run('redrive', '--code', UNKNOWN, '--execute', ...WHO, '--json')).out)
    expect(again).toMatchObject({ records: 0 })
    const { out } = await run('redrive', '--code', MALFORMED, '--limit', '1', '--execute', ...WHO, '--json')
    expect(ndjson(out).at(-1)).toMatchObject({ state: 'completed', processed: 1, quarantined: 1 })
    expect(await listed()).toEqual({ [UNKNOWN]: [FIRST + SECOND, FIRST + SECOND], [MALFORMED]: [3, 1] })
    const [bad, , repeated] = (await weir().dump('clickstream.quarantine')).filter(
      ({ headers }) => headers.find(([name]) => name.endsWith('class.name'))?.[1]?.toString() === MALFORMED,
    ) as [ForeignRecord, ForeignRecord, ForeignRecord]
    expect(repeated.headers).toEqual(bad.headers)
    expect(opened(repeated)).toEqual(opened(bad))
    const audits = (await weir().dump('weir.audit')).map((record) => decodeChunk(unpadded(opened(record))))
    const ranges = audits.filter(({ kind }) => kind === 'redrive').flatMap((audit) => audit.ranges)
    expect(ranges.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(FIRST + SECOND + 1)
  })

  it('expire shows what would go with it, and deletes with --execute, recorded', async () => {
    const end = await endOf('clickstream.quarantine', 'stable')
    const plan = ndjson((await run('expire', '--before', '2100-01-01', '--json')).out)
    const all = FIRST + SECOND + 3
    expect(plan.at(-1)).toEqual({ kind: 'summary', records: all, redriven: all - 2, executed: false })
    expect(await endOf('clickstream.quarantine', 'earliest')).toBe(0)

    const to = FIRST + 5
    const { exit, out } = await run('expire', '--to', `0:${to}`, '--execute', ...WHO, '--json')
    expect(exit).toBe(0)
    expect(ndjson(out).at(-1)).toMatchObject({ kind: 'summary', executed: true })
    expect(await endOf('clickstream.quarantine', 'earliest')).toBe(to)
    expect(await endOf('clickstream.quarantine', 'stable')).toBe(end)

    expect(await acts()).toMatchObject([
      { did: 'look' },
      ...[UNKNOWN, UNKNOWN, MALFORMED].map((code) => ({ did: 'redrive', code, role: 'on call', why: 'ticket 7' })),
      { did: 'expire', code: null, ranges: [{ partition: 0, from: 0, to }] },
    ])
  })
})

/** What the command gives the process that does it. */
function taskOf(plan: unknown): object {
  const { stream, code, sinceMs, ranges } = plan as Record<string, unknown> & {
    ranges: { partition: number; to: number }[]
  }
  return { stream, code, sinceMs, ranges: ranges.map(({ partition, to }) => ({ partition, to })) }
}

function ndjson(out: CliRun['out']): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
