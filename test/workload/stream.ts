import type { ClickstreamEvent } from './clickstream-types.ts'
import { makeEvent } from './event.ts'
import { PLANTED_KINDS, type PlantedKind, plantedRecord, type RawRecord } from './planted.ts'
import { Random, zipf } from './random.ts'
import { planKnownShoppers, planShoppers, type Shopper, type Shoppers } from './shoppers.ts'
import { type PlainEvent, valueAt, withValueAt } from './value-at.ts'
import type { EventEncoder } from './wire.ts'

/** One record of the stream before it has a time. */
export interface Planned {
  readonly shopper: Shopper
  readonly event: PlainEvent
  /** Null: a good event. */
  readonly planted: PlantedKind | null
}

export interface StreamPlan {
  readonly shoppers: Shoppers
  readonly events: number
  readonly planted: number
  /** Records in the order in which they are published. */
  records(): Generator<Planned>
  /** More of the same people without end and without bad records; a third of it is the favourite's. */
  endless(favourite: Shopper): Generator<Planned>
}

export interface StreamOptions {
  readonly seed: number
  /** Records of the stream, planted ones included. */
  readonly events: number
  readonly purposes: readonly string[]
  /** Searches that a policy lets through. */
  readonly queries: readonly string[]
}

/** Skew of W1: the busiest shopper has about 18 % of the events of a thousand. */
const SKEW = 1.1

/** Of the shopper who leaves there are at least so many events in the first 40 % of the stream, and in the last 40 %. */
export const LEAST_OF_LEAVER = 30

/** Fewer events leave no room for the shopper who leaves. */
export const LEAST_EVENTS = 100

/** A believable stream of shoppers with W1's distributions. Seed and count determine all of it but the times. */
export function planStream(options: StreamOptions): StreamPlan {
  const { seed, events } = options
  if (events < LEAST_EVENTS) throw new Error(`at least ${LEAST_EVENTS} events are needed, ${events} were asked for`)
  const shoppers = planShoppers(seed, Math.max(200, Math.floor(events / 20)), options.purposes)
  const planted = plantedPositions(seed, events)
  const forced = leaverPositions(seed, events, planted)
  return {
    shoppers,
    events,
    planted: planted.size,
    records: function* () {
      const who = new Random(`${seed}/who`)
      const what = new Random(`${seed}/what`)
      const leaver = shoppers.find('leaves') as Shopper
      const draw = zipf(shoppers.all.length, SKEW)
      for (let i = 0; i < events; i++) {
        const rank = draw(who)
        const shopper = forced.has(i) ? leaver : (shoppers.all[rank] as Shopper)
        const event = i === 0 ? showpiece(options, shopper) : makeEvent(what, shopper, options.queries)
        yield { shopper, event: { ...event }, planted: planted.get(i) ?? null }
      }
    },
    endless: function* (favourite) {
      const random = new Random(`${seed}/endless`)
      const draw = zipf(shoppers.all.length, SKEW)
      for (;;) {
        const shopper = random.chance(33) ? favourite : (shoppers.all[draw(random)] as Shopper)
        yield { shopper, event: { ...makeEvent(random, shopper, options.queries) }, planted: null }
      }
    },
  }
}

/** The first event, shown before and after: one that has something in every part. */
function showpiece({ seed, queries }: StreamOptions, shopper: Shopper): ClickstreamEvent {
  const random = new Random(`${seed}/showpiece`)
  for (;;) {
    const event = makeEvent(random, shopper, queries)
    const { searchQuery: words } = event
    const listed = typeof words === 'string' && (queries.length === 0 || queries.includes(words))
    if (listed && event.geo && event.product && event.email && event.deviceId && event.page.title) return event
  }
}

/** Where the contract has what the stream must know. */
export interface StreamPaths {
  readonly subject: readonly string[]
  readonly eventTime: readonly string[]
}

/** The record to publish, with its time, for those who publish with a client of their own. */
export function rawRecord(planned: Planned, occurredAt: number, paths: StreamPaths, encoder: EventEncoder): RawRecord {
  const event = withValueAt(planned.event, paths.eventTime, occurredAt)
  if (planned.planted !== null) return plantedRecord(planned.planted, event, paths.subject, encoder)
  return { key: Buffer.from(String(valueAt(event, paths.subject))), value: encoder.encode(event) }
}

/**
 * A stream of events that came from outside, in their order. Their people get W1's shares of consent, the busiest of
 * them the roles, as far as there are enough. Nothing is planted.
 */
export function planGivenStream(
  events: readonly PlainEvent[],
  { seed, purposes, subject }: { seed: number; purposes: readonly string[]; subject: readonly string[] },
): StreamPlan {
  const counts = new Map<string, number>()
  for (const event of events) {
    const id = String(valueAt(event, subject))
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  const busiestFirst = [...counts].sort((a, b) => b[1] - a[1]).map(([id]) => id)
  const shoppers = planKnownShoppers(seed, busiestFirst, purposes)
  const byId = new Map(shoppers.all.map((shopper) => [shopper.subjectId, shopper]))
  const records = function* (): Generator<Planned> {
    for (const event of events) {
      const shopper = byId.get(String(valueAt(event, subject)))
      if (shopper !== undefined) yield { shopper, event, planted: null }
    }
  }
  const endless = function* (): Generator<Planned> {
    for (;;) yield* records()
  }
  return { shoppers, events: events.length, planted: 0, records, endless }
}

/** One in a thousand, every kind at least once, at seeded places; never the first record, which is shown. */
function plantedPositions(seed: number, events: number): Map<number, PlantedKind> {
  const random = new Random(`${seed}/planted`)
  const positions = new Map<number, PlantedKind>()
  const count = Math.max(PLANTED_KINDS.length, Math.floor(events / 1000))
  while (positions.size < count) {
    const at = 1 + random.below(events - 1)
    if (!positions.has(at)) positions.set(at, PLANTED_KINDS[positions.size % PLANTED_KINDS.length] as PlantedKind)
  }
  return positions
}

/** Events that are given to the shopper who leaves, so that a short stream has enough of theirs on both sides. */
function leaverPositions(seed: number, events: number, planted: ReadonlyMap<number, unknown>): Set<number> {
  const random = new Random(`${seed}/leaver`)
  const positions = new Set<number>([0])
  const part = Math.floor(events * 0.4)
  for (const from of [0, events - part]) {
    const enough = positions.size + LEAST_OF_LEAVER
    while (positions.size < enough) {
      const at = from + random.below(part)
      if (!planted.has(at)) positions.add(at)
    }
  }
  return positions
}
