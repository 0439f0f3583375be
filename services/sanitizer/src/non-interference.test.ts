import type { FinishedBatch } from '@weir/kafka'
import fc from 'fast-check'
import { Registry } from 'prom-client'
import { beforeAll, expect, test } from 'vitest'
import {
  chunkOf,
  grant,
  makeWorld,
  NOW_MS,
  processWhole,
  type RawRow,
  rawEvent,
  refOf,
  stateWith,
} from '../fixtures/environment.ts'
import { rowsOf } from '../fixtures/raw-batches.ts'
import type { Random } from './environment.ts'
import { SanitizerMetrics } from './metrics.ts'

/** What decides, and what some branch shows. */
const shown = fc.record({
  subjectId: fc.constantFrom('all', 'some', 'withdrawn', 'unknown'),
  occurredAt: fc.integer({ min: NOW_MS - 3_000_000, max: NOW_MS + 1_000 }),
  eventType: fc.constantFrom('page_view', 'product_view', 'purchase'),
  sessionId: fc.constantFrom('s-1', 's-2'),
  deviceId: fc.constantFrom(null, 'refusing'),
  gpc: fc.constantFrom(null, true),
  country: fc.constantFrom(null, 'AT'),
  product: fc.constantFrom(null, { sku: 'S', category: 'shoes', priceCents: 1, currency: 'EUR' }),
})
type Shown = typeof shown extends fc.Arbitrary<infer T> ? T : never

/** Short, so that the sealed form of a bad record, which is padded, keeps its size. */
const text = fc.string({ maxLength: 12, unit: 'grapheme' })
const textOrNull = fc.option(text, { nil: null })

/** What no branch shows and nothing decides by, and how it is written. */
const hidden = fc.record({
  anonymousId: textOrNull,
  page: fc.record({ url: text, part: fc.constantFrom('a', 'bcd'), referrer: textOrNull, title: textOrNull }),
  device: fc.record({ userAgent: text, ip: text, language: text, viewport: textOrNull }),
  geo: fc.record({ region: text, city: text, latitude: fc.double(), longitude: fc.double() }),
  rareQuery: textOrNull.map((query) => query && `no list has ${query}`),
  phone: textOrNull,
  experiments: fc.dictionary(text, text, { maxKeys: 3 }),
  padsEmail: fc.boolean(),
  blocks: fc.constantFrom('one', 'sized', 'padded', 'two'),
})
type Hidden = typeof hidden extends fc.Arbitrary<infer T> ? T : never

/** How a row is spoiled, if it is; the same in both chunks. */
const spoiling = fc.oneof({ weight: 8, arbitrary: fc.constant('not') }, fc.constantFrom('key', 'tail', 'empty'))

const rowPair = fc.tuple(shown, hidden, hidden, spoiling)

test('Chunks that differ only in what is withheld give the same batches, quarantine, audit records, counts and metrics', async () => {
  const reached = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(rowPair, { minLength: 1, maxLength: 30 }), fc.nat(0xffffffff), async (rows, seed) => {
      const one = await published(
        rows.map(([same, left, , spoiled]) => rowOf(same, left, spoiled)),
        seed,
      )
      const other = await published(
        rows.map(([same, , right, spoiled]) => rowOf(same, right, spoiled)),
        seed,
      )
      expect(other).toEqual(one)
      for (const { topic } of one.batches) reached.add(topic)
    }),
    { numRuns: 150 },
  )
  // Clean records, quarantine, audit.
  expect(reached.size).toBe(5)
})

const world = makeWorld()
const salted = (digit: string) => grant(digit.repeat(32))
const all = { personalization: salted('1'), analytics: salted('2'), marketing: salted('3') }
const withdrawn = { ...grant(), status: 'withdrawn' as const, salt: null }
world.states.set(refOf('all'), stateWith(all))
world.states.set(refOf('some'), stateWith({ analytics: salted('4') }))
world.states.set(refOf('withdrawn'), stateWith({ ...all, personalization: withdrawn }))
world.states.set(refOf('refusing', 'device'), stateWith({ marketing: { ...withdrawn, status: 'objected' } }))
// Looked up once, so that no chunk is the first.
beforeAll(() => processWhole(world.env, chunkOf([{ key: 'all', value: rawEvent('all') }])))

async function published(rows: readonly RawRow[], seed: number) {
  world.acts.length = 0
  world.produced.length = 0
  const outcome = await processWhole({ ...world.env, random: seeded(seed) }, chunkOf(rows))
  const registry = new Registry()
  const metrics = new SanitizerMetrics(registry, { lag: () => 0, lagMs: () => 0, consentAgeMs: () => 0 })
  metrics.attempted(outcome, 0)
  if (outcome.kind === 'committed') metrics.committed(outcome.tally, ['personalization', 'analytics', 'marketing'])
  const batches = world.produced.map((batch) =>
    batch.topic === 'clickstream.quarantine' ? withoutSealed(batch) : batch,
  )
  return { outcome, batches, acts: [...world.acts], metrics: await registry.metrics() }
}

/** The sealed records are what they must not show; all the rest of a quarantine batch counts. */
function withoutSealed(batch: FinishedBatch): FinishedBatch {
  const rows = rowsOf(batch)
  for (let row = 0; row < rows.count; row++) rows.source[row]?.fill(0, rows.valueStart[row], rows.valueEnd[row])
  const bytes = Buffer.from(rows.source[0] as Buffer)
  bytes.fill(0, CRC_AT, CRC_AT + 4)
  return { ...batch, bytes }
}

const CRC_AT = 17

function rowOf(same: Shown, secret: Hidden, spoiled: string): RawRow {
  const { subjectId, gpc, country, ...leaves } = same
  const { page, device, geo, anonymousId, phone, rareQuery } = secret
  const event = rawEvent(subjectId, {
    ...leaves,
    anonymousId,
    phone,
    searchQuery: rareQuery,
    context: { gpc },
    page: { ...page, path: `/c/${page.part}/p/${page.part}` },
    device,
    geo: country === null ? null : { ...geo, country },
    email: EMAIL,
    experiments: { [MARK]: MARK },
  })
  const written = withMap(secret.padsEmail ? withPaddedLength(event) : event, secret)
  switch (spoiled) {
    case 'key':
      return { key: `${subjectId}?`, value: written }
    case 'tail':
      return { key: subjectId, value: Buffer.concat([written, Buffer.of(0)]) }
    case 'empty':
      return { key: subjectId, value: null }
    default:
      return { key: subjectId, value: written }
  }
}

const EMAIL = 'someone@mail.example'
const MARK = 'mark'

/** The length of the email in a byte more than it needs. */
function withPaddedLength(event: Buffer): Buffer {
  const at = event.indexOf(EMAIL) - 1
  return Buffer.concat([event.subarray(0, at), Buffer.of((event[at] as number) | 0x80, 0), event.subarray(at + 1)])
}

/** The map that stands in for `experiments`, replaced by the wanted one in the wanted form. */
function withMap(event: Buffer, { experiments, blocks }: Hidden): Buffer {
  const placeholder = Buffer.concat([Buffer.of(2), avroText(MARK), avroText(MARK), Buffer.of(0)])
  const at = event.indexOf(placeholder)
  expect(at).toBeGreaterThan(0)
  const entries = Object.entries(experiments).map(([key, value]) => Buffer.concat([avroText(key), avroText(value)]))
  const map = Buffer.concat([...blocksOf(entries, blocks), blocks === 'padded' ? Buffer.of(0x80, 0) : Buffer.of(0)])
  return Buffer.concat([event.subarray(0, at), map, event.subarray(at + placeholder.length)])
}

function blocksOf(entries: readonly Buffer[], form: Hidden['blocks']): Buffer[] {
  if (entries.length === 0) return []
  const content = Buffer.concat(entries)
  switch (form) {
    case 'one':
      return [long(entries.length), content]
    case 'sized':
      return [long(-entries.length), long(content.length), content]
    case 'padded':
      return [Buffer.of((entries.length * 2) | 0x80, 0x80, 0), content]
    case 'two':
      return entries.flatMap((entry) => [long(1), entry])
  }
}

function avroText(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([long(bytes.length), bytes])
}

/** Avro's zigzag varint, of small numbers. */
function long(value: number): Buffer {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  const bytes: number[] = []
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}

function seeded(seed: number): Random {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return {
    below: (below) => Math.floor(next() * below),
    bytes: (count) => Uint8Array.from({ length: count }, () => next() * 256),
  }
}
