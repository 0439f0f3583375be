import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
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

  it('has no salt of an ended grant in what holds now', async () => {
    const now = await weir().dump('consent.state')
    expect(now.length).toBeGreaterThan(0)
    await Promise.all(
      PEOPLE.slice(0, 3).map((subject) => weir().decide({ subject, kind: 'withdraw', purposes: ['analytics'] })),
    )
    const { purposes } = await weir().api('POST', '/v1/state', { subject: { kind: 'user', id: 'person-0' } })
    expect(JSON.stringify(purposes)).not.toContain('salt')
    expect((purposes as Record<string, { status: string }>)['analytics']?.status).toBe('withdrawn')
  })

  async function publishOneEach(): Promise<void> {
    const product = (at: number) => ({ sku: 'SKU', category: `category-${at}`, priceCents: 1, currency: 'EUR' })
    await weir().publish(
      PEOPLE.map((subject, at) => ({ key: subject, value: weir().event(subject, { product: product(at) }) })),
    )
    await weir().drained()
  }
})
