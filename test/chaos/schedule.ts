import { Random } from '../workload/random.ts'

/** Of which a response is dropped or held. */
export const RESPONSES = [
  'produce',
  'txnOffsetCommit',
  'endTxn',
  'initProducerId',
  'fetch',
  'listOffsets',
  'heartbeat',
  'offsetFetch',
] as const

export type ResponseName = (typeof RESPONSES)[number]

/** At which point of a transaction it is to hit. */
export type Aim = 'open' | 'ending'

/** What is done to one process of ours, or to its connections. */
export type ProcessFault = { readonly gapMs: number; readonly aim: Aim } & (
  | { readonly kind: 'kill' | 'stop'; readonly awayMs: number }
  /** Shorter than the group's session, or past it. */
  | { readonly kind: 'freeze' | 'longFreeze'; readonly forMs: number }
  /** Frozen past its session, and woken beside its successor in the same slot. */
  | { readonly kind: 'zombie'; readonly forMs: number }
  | { readonly kind: 'drop'; readonly response: ResponseName }
  | { readonly kind: 'hold'; readonly response: ResponseName; readonly forMs: number }
  /** Not one response of this API comes for longer than a transaction or a session lasts: how it went is never heard. */
  | { readonly kind: 'deaf'; readonly response: ResponseName; readonly forMs: number }
  | { readonly kind: 'slow'; readonly byMs: number; readonly forMs: number }
  | { readonly kind: 'halfOpen' | 'cut' }
)

export type RedisFault = { readonly gapMs: number } & (
  | { readonly kind: 'kill' | 'empty'; readonly awayMs: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'freeze' | 'evict'; readonly forMs: number }
  /** What is written in this time is lacking afterwards. */
  | { readonly kind: 'oldDump' | 'failOver'; readonly lackingMs: number }
)

export type BrokerFault = { readonly gapMs: number } & {
  /**
   * `isolate`: frozen until others have taken over, and then, before it hears of that, the only one that answers:
   * meanwhile the others are frozen.
   */
  readonly kind: 'kill' | 'stop' | 'freeze' | 'isolate'
  readonly forMs: number
  /** How long the isolated one is alone. */
  readonly aloneMs: number
  /** Whose leader or coordinator is hit, of several brokers. */
  readonly role: 'raw' | 'state' | 'transactions' | 'group'
  /** Which partition or slot of those. */
  readonly which: number
}

export interface Schedule {
  /** One list for each slot. */
  readonly sanitizers: readonly (readonly ProcessFault[])[]
  readonly projectors: readonly (readonly ProcessFault[])[]
  readonly redis: readonly RedisFault[]
  readonly brokers: readonly BrokerFault[]
}

export interface ScheduleOptions {
  readonly seed: string
  readonly sanitizers: number
  readonly projectors: number
  readonly brokers: 1 | 3
  /** How many faults each list has; a run takes as many of them as it needs. */
  readonly each: number
  /** Gaps between faults are this many times as long as those of the long form. */
  readonly pace: number
}

type Draw<T> = (random: Random) => T

/** A fault is held off by the one before it until what that one hit has recovered; the gap comes on top. */
const SANITIZER_GAP_MS = 600
const PROJECTOR_GAP_MS = 30_000
const REDIS_GAP_MS = 5_000
const BROKER_GAP_MS = 30_000

const DEAF_TO: readonly ResponseName[] = ['endTxn', 'endTxn', 'produce', 'heartbeat']

/** Past the group's session (6 s) and the transaction's timeout (5 s). */
const PAST_SESSION_MS = 7_000

/** The faults of a run, as the seed has them. What they hit and whether a transaction is open then, the run shows. */
export function drawSchedule({ seed, sanitizers, projectors, brokers, each, pace }: ScheduleOptions): Schedule {
  const lists = (who: string, slots: number, gapMs: number) => {
    const random = new Random(`${seed}/${who}`)
    const dealt = deck(random, processDeck(), each * slots)
    return Array.from({ length: slots }, (_, slot) => {
      const own = dealt.filter((_, i) => i % slots === slot)
      return own.map((draw) => ({ gapMs: gap(random, gapMs * pace), ...draw(random) }))
    })
  }
  const redisRandom = new Random(`${seed}/redis`)
  const brokerRandom = new Random(`${seed}/brokers`)
  return {
    sanitizers: lists('sanitizers', sanitizers, SANITIZER_GAP_MS),
    projectors: lists('projectors', projectors, PROJECTOR_GAP_MS),
    redis: deck(redisRandom, redisDeck(), each).map((draw) => {
      return { gapMs: gap(redisRandom, REDIS_GAP_MS * pace), ...draw(redisRandom) }
    }),
    brokers: deck(brokerRandom, brokerDeck(brokers), each).map((draw) => {
      return { gapMs: gap(brokerRandom, BROKER_GAP_MS * pace), ...draw(brokerRandom) }
    }),
  }
}

/** In words, for the log. */
export function inWords(fault: ProcessFault | RedisFault | BrokerFault): string {
  const { kind, gapMs: _, ...rest } = fault
  return `${kind} ${Object.entries(rest)
    .map(([name, value]) => `${name} ${value}`)
    .join(' ')}`
}

function processDeck(): Draw<ProcessFaultCard>[] {
  const aim = (random: Random): Aim => (random.chance(60) ? 'open' : 'ending')
  const kill: Draw<ProcessFaultCard> = (r) => ({ kind: 'kill', aim: aim(r), awayMs: r.below(800) })
  const stop: Draw<ProcessFaultCard> = (r) => ({ kind: 'stop', aim: aim(r), awayMs: r.below(800) })
  const freeze: Draw<ProcessFaultCard> = (r) => ({ kind: 'freeze', aim: aim(r), forMs: 200 + r.below(3_000) })
  const late = (r: Random) => PAST_SESSION_MS + r.below(1_500)
  const longFreeze: Draw<ProcessFaultCard> = (r) => ({ kind: 'longFreeze', aim: aim(r), forMs: late(r) })
  const zombie: Draw<ProcessFaultCard> = (r) => ({ kind: 'zombie', aim: aim(r), forMs: late(r) })
  const drops = RESPONSES.map(
    (response): Draw<ProcessFaultCard> =>
      () => ({ kind: 'drop', aim: 'open', response }),
  )
  const holds = RESPONSES.map((response): Draw<ProcessFaultCard> => {
    return (r) => ({ kind: 'hold', aim: 'open', response, forMs: 200 + r.below(4_000) })
  })
  const deaf = DEAF_TO.map((response): Draw<ProcessFaultCard> => {
    return (r) => ({ kind: 'deaf', aim: 'open', response, forMs: PAST_SESSION_MS + r.below(1_500) })
  })
  const slow: Draw<ProcessFaultCard> = (r) => {
    return { kind: 'slow', aim: 'open', byMs: 20 + r.below(200), forMs: 1_000 + r.below(3_000) }
  }
  const halfOpen: Draw<ProcessFaultCard> = (r) => ({ kind: 'halfOpen', aim: aim(r) })
  const cut: Draw<ProcessFaultCard> = (r) => ({ kind: 'cut', aim: aim(r) })
  return [kill, kill, kill, stop, stop, freeze, freeze, longFreeze, zombie, slow, halfOpen, halfOpen, cut].concat(
    drops,
    holds,
    deaf,
  )
}

type WithoutGap<T> = T extends unknown ? Omit<T, 'gapMs'> : never
type ProcessFaultCard = WithoutGap<ProcessFault>

function redisDeck(): Draw<WithoutGap<RedisFault>>[] {
  return [
    (r) => ({ kind: 'kill', awayMs: r.below(2_500) }),
    (r) => ({ kind: 'empty', awayMs: r.below(2_500) }),
    () => ({ kind: 'flush' }),
    (r) => ({ kind: 'freeze', forMs: 200 + r.below(3_000) }),
    (r) => ({ kind: 'evict', forMs: 500 + r.below(2_000) }),
    (r) => ({ kind: 'oldDump', lackingMs: 1_000 + r.below(4_000) }),
    (r) => ({ kind: 'failOver', lackingMs: 500 + r.below(3_000) }),
  ]
}

function brokerDeck(brokers: 1 | 3): Draw<WithoutGap<BrokerFault>>[] {
  const roles = ['raw', 'state', 'transactions', 'group'] as const
  const hit = (kind: BrokerFault['kind'], forMs: Draw<number>): Draw<WithoutGap<BrokerFault>> => {
    return (r) => ({ kind, forMs: forMs(r), aloneMs: 1_500 + r.below(4_000), role: r.pick(roles), which: r.below(9) })
  }
  const kill = hit('kill', (r) => r.below(2_000))
  const stop = hit('stop', (r) => r.below(1_000))
  const freeze = hit('freeze', (r) => 300 + r.below(2_500))
  // Past the broker's own session (4 s): with others at hand its leaderships go to them.
  const isolate = hit('isolate', (r) => 6_000 + r.below(4_000))
  return brokers === 3 ? [kill, isolate, kill, stop, freeze] : [kill, freeze, stop, freeze]
}

/** All cards in a drawn order, and again, until there are `count`. */
function deck<T>(random: Random, cards: readonly T[], count: number): T[] {
  const dealt: T[] = []
  while (dealt.length < count) {
    const left = [...cards]
    while (left.length > 0) dealt.push(...left.splice(random.below(left.length), 1))
  }
  return dealt.slice(0, count)
}

/** Half to one and a half times as long. */
function gap(random: Random, ms: number): number {
  return Math.round(ms * (0.5 + random.fraction()))
}
