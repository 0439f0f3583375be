import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONSENT_PARTITIONS, type ConsentState, type SubjectRef } from '@weir/consent'
import { openConsentView, openRedis, type RunningConsentView } from '@weir/consent-view'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refOf } from '../check/pseudonyms.ts'
import { ownStack } from '../support/faults-stack.ts'
import { FileSearch } from '../support/file-search.ts'
import { LedgerWriter } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Weir } from '../support/weir.ts'
import { weirCli } from '../support/weir-cli.ts'

const PURPOSES = ['personalization', 'analytics', 'marketing']
const FILE_DELETE_DELAY_MS = 1_000
/** How long the grants last that run out. */
const LASTS_MS = 3_000
/** For the cleaner's turn, and a machine that is busy. */
const PATIENCE_MS = 60_000

/** The same as in production, with seconds instead of hours. */
const STATE_TIMES = { 'segment.ms': '2000', 'max.compaction.lag.ms': '2000' }
const BROKER = {
  'log.segment.delete.delay.ms': FILE_DELETE_DELAY_MS,
  'log.cleaner.backoff.ms': 200,
  // Else every segment has 20 MB of holes to read through.
  'log.index.size.max.bytes': 65_536,
}

/** By what became of their grants. Several each, so that they lie in several partitions. */
const people = (group: string): string[] => Array.from({ length: 6 }, (_, at) => `${group}-${at}`)
const [STAYING, RENEWED, WITHDRAWN, EXPIRED, REGRANTED, ERASED] = [
  people('staying'),
  people('renewed'),
  people('withdrawn'),
  people('expired'),
  people('regranted'),
  people('erased'),
]

/** Promise 7: the salt of a grant ends with it, also as bytes on a disk. */
describe('the salt of a grant that has ended', () => {
  const stack = ownStack({ kafkaConfig: BROKER })
  let weir: Weir
  let redis: Redis
  let viewRedis: Redis
  let ledger: LedgerWriter
  let view: RunningConsentView
  /** All that ever were, by `<ref> <purpose>`, the newest last. */
  const salts = new Map<string, string[]>()
  const states = new Map<string, ConsentState>()

  beforeAll(async () => {
    weir = new Weir({ stack: stack().env })
    await weir.apply()
    const kafka = await weir.kafka()
    await kafka.admin.ensureTopics([
      { topic: weir.topic('consent.state'), partitions: CONSENT_PARTITIONS, config: STATE_TIMES },
    ])
    redis = new Redis(stack().env.REDIS_URL)
    redis.on('error', () => {})
    // Compressed, a dump would hide what it holds.
    await redis.config('SET', 'rdbcompression', 'no')
    await redis.config('SET', 'dir', stack().parts.redis.dataFolder)
    viewRedis = openRedis(stack().env.REDIS_URL, () => {})
    const clock = { monotonicMs: () => performance.now() }
    view = await openConsentView({
      kafka,
      redis: viewRedis,
      namespace: weir.namespace,
      clock,
      requireFresh: false,
    })
    view.onState((ref, state) => note(ref, state))
    await weir.startAll()
    ledger = await LedgerWriter.open(weir)
  })
  afterAll(async () => {
    await ledger?.close()
    await view?.close()
    viewRedis?.disconnect()
    redis?.disconnect()
    await weir?.close()
  })

  it('is in no file of the broker and not in Redis after the stated time, while those of running grants are', async () => {
    await decide('grant', [...STAYING, ...RENEWED, ...WITHDRAWN, ...REGRANTED, ...ERASED])
    const untilMs = Date.now() + LASTS_MS
    const short = { untilMs: PURPOSES.map(() => untilMs), purposes: PURPOSES, notices: PURPOSES.map(() => 1) }
    await Promise.all(EXPIRED.map((one) => ledger.decide(ref(one), 'grant', short)))
    // Before they are compacted away.
    await until('their salts are seen', () => EXPIRED.flatMap(newestOf).every((salt) => salt !== undefined))
    await publish()
    // The control: while its grant runs a salt is found by this search, and nowhere but in consent.state.
    const lasting = [...STAYING, ...RENEWED, ...WITHDRAWN, ...REGRANTED, ...ERASED].flatMap(newestOf)
    expect(lasting).toHaveLength(5 * 6 * PURPOSES.length)
    expectAllIn(lasting, 'consent.state')

    await Promise.all([
      decide('withdraw', [...WITHDRAWN, ...REGRANTED]).then(() => decide('grant', [...REGRANTED, ...RENEWED])),
      ...ERASED.map((one) => ledger.decide(ref(one), 'erase', { purposes: [], notices: [], untilMs: [] })),
    ])
    const isOver = (one: string) => status(one) === (EXPIRED.includes(one) ? 'expired' : 'erased')
    await until('all have ended', () => [...EXPIRED, ...ERASED].every(isOver))
    const running = [...STAYING, ...RENEWED, ...REGRANTED].flatMap(newestOf)
    const ended = new Set([...salts.values()].flat()).difference(new Set(running))
    expect(running).toHaveLength(3 * 6 * PURPOSES.length)
    expect(ended.size).toBe(4 * 6 * PURPOSES.length)

    const search = new FileSearch(ended)
    const statedMs = await statedSaltsMs()
    await until(
      'no file holds an ended salt',
      () => {
        const found = search.inFolder(stack().folder)
        if (found.size === 0) return true
        throw new Error(
          `${found.size} are in ${[...new Set([...found.values()].flatMap((files) => [...files]))].join(', ')}`,
        )
      },
      statedMs + PATIENCE_MS,
    )
    expect(search.inFolder(weir.folder)).toEqual(new Map())
    expectAllIn(running, 'consent.state')

    for (const bytes of [await cached(), await dumped()]) {
      expect(search.inBytes(bytes)).toEqual(new Set())
      expect(new FileSearch(running).inBytes(bytes)).toEqual(new Set(running))
    }
  })

  function note(ref: string, state: ConsentState): void {
    states.set(ref, state)
    for (const [purpose, { salt }] of Object.entries(state.purposes)) {
      const name = `${ref} ${purpose}`
      const own = salts.get(name) ?? []
      salts.set(name, own)
      if (salt !== null && own.at(-1) !== salt) own.push(salt)
    }
  }

  function ref(subject: string): SubjectRef {
    return refOf(readFileSync(join(weir.folder, 'reference.key')), 'user', subject) as SubjectRef
  }

  function status(subject: string): string | undefined {
    return states.get(ref(subject))?.purposes['personalization']?.status
  }

  /** By purpose, the salt of the newest grant. */
  function newestOf(subject: string): string[] {
    return PURPOSES.map((purpose) => salts.get(`${ref(subject)} ${purpose}`)?.at(-1) as string)
  }

  async function decide(kind: 'grant' | 'withdraw', subjects: readonly string[]): Promise<void> {
    const made = await Promise.all(subjects.map((subject) => weir.decide({ subject, kind, purposes: PURPOSES })))
    expect(new Set(made.map((one) => one.status))).toEqual(new Set(['effective']))
    await until('the states have come', () =>
      subjects.every((one) => status(one) === (kind === 'grant' ? 'granted' : 'withdrawn')),
    )
  }

  /** So that every topic of Weir has something in it: a clean one, an audit record, a quarantined one, a transaction's. */
  async function publish(): Promise<void> {
    const all = [...STAYING, ...RENEWED, ...WITHDRAWN, ...EXPIRED, ...REGRANTED, ...ERASED]
    await weir.publish([
      ...all.map((subject) => ({ key: subject, value: weir.event(subject) })),
      { key: 'nobody', value: Buffer.from('no event at all') },
    ])
    await weir.drained()
  }

  /** Each of these is found by this search, in files of this topic and no others. */
  function expectAllIn(values: readonly string[], topic: string): void {
    const found = new FileSearch(values).inFolder(stack().folder)
    expect(found.size).toBe(values.length)
    const files = new Set([...found.values()].flatMap((own) => [...own]))
    const segment = /^kafka\/logs\/(.*)-\d+\/\d+\.log(\.\w+)?$/
    const places = [...files].map((file) => segment.exec(file)?.[1] ?? file)
    expect(new Set(places)).toEqual(new Set([weir.topic(topic)]))
  }

  async function statedSaltsMs(): Promise<number> {
    const { out } = await weirCli(['doctor', '--json'], weir.env)
    const told = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const stated = told.find(({ kind }) => kind === 'doctor')?.['endedSaltsOnDiskMs']
    expect(stated).toBe(2_000 + 2_000 + FILE_DELETE_DELAY_MS)
    return stated as number
  }

  /** Everything in Redis, key by key. */
  async function cached(): Promise<Buffer> {
    const keys = await redis.keys('*')
    expect(keys.length).toBeGreaterThan(0)
    return Buffer.concat((await Promise.all(keys.map((key) => redis.dumpBuffer(key)))).filter((dump) => dump !== null))
  }

  async function dumped(): Promise<Buffer> {
    await redis.save()
    return readFileSync(join(stack().parts.redis.dataFolder, 'dump.rdb'))
  }
})
