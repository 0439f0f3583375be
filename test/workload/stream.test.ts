import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import { expect, test } from 'vitest'
import { PLANTED_KINDS } from './planted.ts'
import { LEAST_EVENTS, LEAST_OF_LEAVER, planGivenStream, planStream, rawRecord } from './stream.ts'
import { eventEncoder } from './wire.ts'

const contracts = resolve(import.meta.dirname, '../../infra/contracts')
const rawSchema: avro.Schema = JSON.parse(readFileSync(resolve(contracts, 'clickstream/event.avsc'), 'utf8'))
const encoder = eventEncoder(rawSchema, 1)
const paths = { subject: ['subjectId'], eventTime: ['occurredAt'] }
const purposes = ['personalization', 'analytics', 'marketing']
const queries = ['oak lamp', 'winter jacket']
const plan = (events: number, seed = 42) => planStream({ seed, events, purposes, queries })
const bytes = (events: number, seed?: number) =>
  [...plan(events, seed).records()].map((planned) =>
    rawRecord(planned, 1_700_000_000_000, paths, encoder).value?.toString('base64'),
  )

test('seed, count and times determine every byte; another seed gives another stream', () => {
  expect(bytes(300)).toEqual(bytes(300))
  expect(bytes(300)).not.toEqual(bytes(300, 43))
})

test('the shares are those of W1, and a value has some 600 bytes', () => {
  const records = [...plan(20_000).records()]
  const share = (has: (event: Record<string, unknown>) => boolean) =>
    records.filter(({ event }) => has(event)).length / records.length
  expect(share((event) => event['geo'] !== null)).toBeCloseTo(0.6, 1)
  expect(share((event) => event['product'] !== null)).toBeCloseTo(0.7, 1)
  expect(share((event) => event['searchQuery'] !== null)).toBeCloseTo(0.2, 1)
  expect(share((event) => event['email'] !== null)).toBeCloseTo(0.5, 1)
  expect(share((event) => event['phone'] !== null)).toBeCloseTo(0.1, 1)
  const good = records.filter(({ planted }) => planted === null)
  const size = good.reduce((sum, { event }) => sum + encoder.encode(event).length, 0) / good.length
  expect(size).toBeGreaterThan(450)
  expect(size).toBeLessThan(750)
})

test('the busiest shopper has a share as Zipf 1.1 gives it, and consent is split as in W1', () => {
  const { shoppers, records } = plan(20_000)
  const own = [...records()].filter(({ shopper }) => shopper.rank === 0).length
  expect(own / 20_000).toBeGreaterThan(0.15)
  expect(own / 20_000).toBeLessThan(0.21)
  const share = (consent: string) => shoppers.all.filter((one) => one.consent === consent).length / shoppers.all.length
  expect(share('granted')).toBeCloseTo(0.7, 1)
  expect(share('withdrawn')).toBeCloseTo(0.1, 1)
  expect(share('none')).toBeCloseTo(0.2, 1)
})

test('every good event fits the raw schema, and is keyed by its subject', () => {
  const type = avro.Type.forSchema(rawSchema)
  for (const planned of plan(1000).records()) {
    if (planned.planted !== null) continue
    expect(type.isValid(planned.event)).toBe(true)
    expect(rawRecord(planned, 0, paths, encoder).key.toString()).toBe(planned.shopper.subjectId)
  }
})

test('bad records of every kind are planted, as many as the plan says, never the first', () => {
  for (const events of [LEAST_EVENTS, 20_000]) {
    const { planted, records } = plan(events)
    const kinds = [...records()].map((one) => one.planted)
    expect(kinds.filter((kind) => kind !== null)).toHaveLength(planted)
    expect(new Set(kinds.filter((kind) => kind !== null))).toEqual(new Set(PLANTED_KINDS))
    expect(kinds[0]).toBeNull()
  }
})

test('the shopper who leaves has enough good events on both sides, however short the stream', () => {
  for (const seed of [1, 2, 3, 42]) {
    const records = [...plan(LEAST_EVENTS, seed).records()]
    const own = ({ shopper, planted }: (typeof records)[number]) => shopper.role === 'leaves' && planted === null
    expect(records.slice(0, 40).filter(own).length).toBeGreaterThanOrEqual(LEAST_OF_LEAVER)
    expect(records.slice(60).filter(own).length).toBeGreaterThanOrEqual(LEAST_OF_LEAVER)
  }
})

test('the first event has something in every part that is shown', () => {
  const [first] = [...plan(LEAST_EVENTS).records()]
  expect(first?.shopper.role).toBe('leaves')
  for (const leaf of ['geo', 'product', 'email', 'deviceId']) expect(first?.event[leaf]).not.toBeNull()
  expect(queries).toContain(first?.event['searchQuery'])
})

test('given events keep their order, and their busiest people get the roles', () => {
  const ids = ['a', 'b', 'b', 'c', 'c', 'c', 'b', 'b']
  const events = ids.map((subjectId, i) => ({ subjectId, n: i }))
  const given = planGivenStream(events, { seed: 42, purposes, subject: ['subjectId'] })
  expect([...given.records()].map(({ event }) => event['n'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  expect(given.shoppers.find('leaves')?.subjectId).toBe('c')
  expect(given.shoppers.find('joins-late')).toBeUndefined()
  expect(given.planted).toBe(0)
})
