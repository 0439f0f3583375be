import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConsentState, decodeStateRecord } from '@weir/consent'
import { cacheKey, WATERMARK_FIELD } from '@weir/consent-view'
import { referenceHasher } from '@weir/pseudonym'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import type { ForeignRecord } from '../support/foreign/foreign.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import type { CleanRecord } from '../support/weir.ts'

const PEOPLE = Array.from({ length: 40 }, (_, at) => `person-${at}`)

describe('promise 7: purposes do not join', () => {
  const weir = sharedWeir()
  const pseudonymsOf = (records: readonly CleanRecord[]) => new Set(records.map(({ key }) => key?.toString()))

  it('knows one person under unrelated pseudonyms in different purposes and in different grants', async () => {
    const purposes = ['personalization', 'analytics', 'marketing']
    await Promise.all(PEOPLE.map((subject) => weir().decide({ subject, kind: 'grant', purposes })))
    await publishOneEach()
    const first = await Promise.all(purposes.map((purpose) => weir().clean(purpose)))
    for (const records of first) expect(pseudonymsOf(records).size).toBe(PEOPLE.length)

    await Promise.all(PEOPLE.map((subject) => weir().decide({ subject, kind: 'withdraw', purposes })))
    await Promise.all(PEOPLE.map((subject) => weir().decide({ subject, kind: 'grant', purposes })))
    await publishOneEach()
    const second = await Promise.all(purposes.map((purpose) => weir().clean(purpose)))
    const all = second.flatMap((records) => [...pseudonymsOf(records)])
    // Two grants in each of three purposes: six pseudonyms a person, none of them twice.
    expect(new Set(all).size).toBe(6 * PEOPLE.length)
    expect(all).toHaveLength(6 * PEOPLE.length)
  })

  it('gives an equal value in equal fields of two purposes unrelated pseudonyms', async () => {
    const session = async (purpose: string) =>
      new Set((await weir().clean(purpose)).map(({ event }) => event['sessionId'] as string))
    const [personalization, analytics] = [await session('personalization'), await session('analytics')]
    expect([...personalization].filter((one) => analytics.has(one))).toEqual([])
  })

  it('carries no header, no source place and no exact time where the purpose may see none', async () => {
    for (const purpose of ['personalization', 'analytics', 'marketing']) {
      for (const record of await weir().clean(purpose)) expect(record.headers).toEqual([])
    }
    for (const { timestamp } of await weir().clean('analytics')) expect(timestamp % 86_400_000).toBe(0)
    for (const { timestamp } of await weir().clean('marketing')) expect(timestamp % 3_600_000).toBe(0)
  })

  it("does not lay two purposes' records in one order", async () => {
    const [personalization, analytics] = [await weir().clean('personalization'), await weir().clean('analytics')]
    const order = (records: readonly CleanRecord[]) =>
      records
        .filter(({ partition }) => partition === 0)
        .sort((a, b) => a.offset - b.offset)
        .map(({ event }) => (event['product'] as { category: string }).category)
    // Each person shows one category of their own to both purposes, so a shared order would show in the categories.
    const both = new Set(order(personalization)).intersection(new Set(order(analytics)))
    const common = (records: readonly CleanRecord[]) => order(records).filter((category) => both.has(category))
    expect(common(personalization).length).toBeGreaterThan(10)
    expect(common(personalization)).not.toEqual(common(analytics))
  })

  it('has no salt of an ended grant in what holds now, neither in the log nor in Redis', async () => {
    const leavers = PEOPLE.slice(0, 3)
    const before = currentStates(await weir().dump('consent.state'))
    const held = leavers.map((subject) => saltIn(before.get(refOf(subject)), 'analytics') as string)
    expect(held).toEqual(leavers.map(() => expect.stringMatching(/^[0-9a-f]{32}$/)))
    await Promise.all(leavers.map((subject) => weir().decide({ subject, kind: 'withdraw', purposes: ['analytics'] })))

    const log = await weir().dump('consent.state')
    const inLog = currentStates(log)
    for (const subject of leavers) {
      const { purposes } = stateIn(inLog.get(refOf(subject)))
      expect(purposes['analytics']).toMatchObject({ status: 'withdrawn', salt: null })
    }
    const inRedis = await cachedStates(log)
    for (const current of [inLog, inRedis]) {
      expect([...current.keys()].sort()).toEqual(PEOPLE.map(refOf).sort())
      let ended = 0
      for (const [ref, record] of current) {
        const now = new Set(saltsIn(record))
        for (const salt of now) expect(record.includes(salt, 'hex')).toBe(true)
        // All that this person's records ever had, and that holds no more: by its value and by its bytes.
        const ever = new Set(
          log.filter((one) => one.key?.toString('hex') === ref).flatMap(({ value }) => saltsIn(value)),
        )
        for (const salt of ever.difference(now)) {
          expect(record.includes(salt, 'hex')).toBe(false)
          ended++
        }
      }
      // The first grants of everyone, for three purposes, and what the leavers have just withdrawn.
      expect(ended).toBe(3 * PEOPLE.length + leavers.length)
      const all = Buffer.concat([...current.values()])
      for (const salt of held) expect(all.includes(salt, 'hex')).toBe(false)
    }
    const { purposes } = await weir().api('POST', '/v1/state', { subject: { kind: 'user', id: leavers[0] } })
    expect(JSON.stringify(purposes)).not.toContain('salt')
    expect((purposes as Record<string, { status: string }>)['analytics']?.status).toBe('withdrawn')
  })

  /** A person's ref as the services compute it, as hex. */
  function refOf(subject: string): string {
    return referenceHasher(readFileSync(join(weir().folder, 'reference.key'))).ref('user', subject)
  }

  /** What each hash of the consent cache holds, once it has everything of this log: by ref, as bytes. */
  async function cachedStates(log: readonly ForeignRecord[]): Promise<Map<string, Buffer>> {
    const redis = new Redis(weir().stack.REDIS_URL)
    const states = new Map<string, Buffer>()
    try {
      for (const [partition, records] of Map.groupBy(log, (record) => record.partition)) {
        const key = cacheKey(weir().namespace, partition)
        const end = Math.max(...records.map(({ offset }) => offset)) + 1
        await until('the loader has come so far', async () => Number(await redis.hget(key, WATERMARK_FIELD)) >= end)
        const flat = (await redis.callBuffer('HGETALL', key)) as Buffer[]
        for (let at = 0; at < flat.length; at += 2) {
          const [field, value] = [flat[at] as Buffer, flat[at + 1] as Buffer]
          if (field.length === 16) states.set(field.toString('hex'), value)
        }
      }
    } finally {
      redis.disconnect()
    }
    return states
  }

  async function publishOneEach(): Promise<void> {
    const product = (at: number) => ({ sku: 'SKU', category: `category-${at}`, priceCents: 1, currency: 'EUR' })
    await weir().publish(
      PEOPLE.map((subject, at) => ({ key: subject, value: weir().event(subject, { product: product(at) }) })),
    )
    await weir().drained()
  }
})

/** The last record of each ref: what is left of the log after compaction. Ticks have a shorter key. */
function currentStates(log: readonly ForeignRecord[]): Map<string, Buffer> {
  const states = log.filter(({ key }) => key?.length === 16).sort((a, b) => a.offset - b.offset)
  return new Map(states.map(({ key, value }) => [key?.toString('hex') as string, value as Buffer]))
}

function stateIn(record: Buffer | undefined): ConsentState {
  const decoded = decodeStateRecord(record ?? Buffer.alloc(0))
  if (decoded.kind !== 'state') throw new Error('a tick lies under a ref')
  return decoded.state
}

function saltIn(record: Buffer | undefined, purpose: string): string | null {
  return stateIn(record).purposes[purpose]?.salt ?? null
}

function saltsIn(record: Buffer | null): string[] {
  return Object.values(stateIn(record ?? undefined).purposes).flatMap(({ salt }) => (salt === null ? [] : [salt]))
}
