import type { Random } from '../../workload/random.ts'
import type { ApiName, KafkaFault, ProcessName, RedisFault, Step } from './steps.ts'

export interface FaultSetting {
  readonly activeMs: number
  /** Too short for a group's session to run out. */
  readonly isShort: boolean
  readonly brokers: 1 | 3
  readonly running: readonly ProcessName[]
  /** Moments of refusals: many faults come within milliseconds of one. */
  readonly refusals: readonly number[]
}

const SANITIZERS = ['sanitizer-0', 'sanitizer-1'] as const
const PROJECTORS = ['projector-0', 'projector-1'] as const

/** A few episodes, each with its beginning and its end, before `activeMs`. Some overlap. */
export function drawFaults(random: Random, setting: FaultSetting): Step[] {
  const count = setting.isShort ? 1 + random.below(4) : 2 + random.below(6)
  const steps: Step[] = []
  // One broker is missing at a time: with two gone nothing can be acknowledged, and nothing is tried.
  let brokerFreeAtMs = 0
  for (let i = 0; i < count; i++) {
    const atMs = moment(random, setting)
    const episode = random.pick(EPISODES)
    if (episode === broker) {
      if (atMs < brokerFreeAtMs) continue
      const drawn = broker(random, atMs, setting)
      brokerFreeAtMs = (drawn.at(-1)?.atMs ?? 0) + 3_000
      steps.push(...drawn)
    } else {
      steps.push(...episode(random, atMs, setting))
    }
  }
  return steps.filter(({ atMs }) => atMs < setting.activeMs)
}

/** Half of them lie within some milliseconds of a refusal. */
function moment(random: Random, { activeMs, refusals }: FaultSetting): number {
  const early = refusals.filter((refusal) => refusal < activeMs - 500)
  if (early.length > 0 && random.chance(55)) return Math.max(0, random.pick(early) - 60 + random.below(180))
  return random.below(activeMs - 500)
}

type Episode = (random: Random, atMs: number, setting: FaultSetting) => Step[]

/** Short, beyond freshness (2 s), beyond a transaction's timeout (5 s), beyond a group's session (6 s). */
function lasting(random: Random, { isShort }: Pick<FaultSetting, 'isShort'>): number {
  const [from, to] = random.pick(isShort ? SPANS.slice(0, 3) : SPANS)
  return from + random.below(to - from)
}

const SPANS: readonly (readonly [number, number])[] = [
  [20, 400],
  [400, 1_900],
  [2_000, 4_500],
  [5_000, 6_500],
  [6_500, 11_000],
]

function somebody(random: Random, { running }: FaultSetting): ProcessName {
  const sanitizers = running.filter((name) => name.startsWith('sanitizer'))
  const projectors = running.filter((name) => name.startsWith('projector'))
  return random.chance(45) ? random.pick(sanitizers) : random.chance(80) ? random.pick(projectors) : 'consent-0'
}

const paused: Episode = (random, atMs, setting) => {
  const process = somebody(random, setting)
  return [
    { atMs, do: 'pause', process },
    { atMs: atMs + lasting(random, setting), do: 'resume', process },
  ]
}

/** Killed or stopped in order; the next one comes soon or late. */
const ended: Episode = (random, atMs, setting) => {
  const process = somebody(random, setting)
  return [
    { atMs, do: random.chance(60) ? 'kill' : 'stop', process },
    { atMs: atMs + lasting(random, setting), do: 'start', process },
  ]
}

/** One more joins, or the second one comes and goes. */
const joined: Episode = (random, atMs, setting) => {
  const process = random.pick([SANITIZERS[1], PROJECTORS[1]])
  if (setting.running.includes(process)) {
    return [
      { atMs, do: 'stop', process },
      { atMs: atMs + lasting(random, setting), do: 'start', process },
    ]
  }
  return [
    { atMs, do: 'start', process },
    ...(random.chance(50) ? [{ atMs: atMs + lasting(random, setting), do: 'kill', process } as const] : []),
  ]
}

const APIS: readonly ApiName[] = [
  'endTxn',
  'endTxn',
  'endTxn',
  'produce',
  'produce',
  'txnOffsetCommit',
  'initProducerId',
  'fetch',
  'listOffsets',
  'offsetFetch',
  'heartbeat',
]

/** Single messages lost or late, a few in a row; now and then whoever sent one is gone when it arrives. */
const messages: Episode = (random, atMs, setting) => {
  const process = somebody(random, setting)
  const steps: Step[] = []
  const count = 1 + random.below(3)
  for (let i = 0; i < count; i++) {
    const api = random.pick(APIS)
    const fate = random.pick([
      { lose: 'request' },
      { lose: 'answer' },
      { delayMs: 5 + random.below(200) },
      { delayMs: lasting(random, setting) },
    ] as const)
    steps.push({ atMs: atMs + i * random.below(300), do: 'kafka', fault: 'next', api, fate, process })
  }
  if (random.chance(20)) {
    const killedAtMs = atMs + random.below(300)
    steps.push({ atMs: killedAtMs, do: 'kill', process })
    steps.push({ atMs: killedAtMs + lasting(random, setting), do: 'start', process })
  }
  return steps
}

const cut: Episode = (random, atMs, setting) => [
  { atMs, do: 'kafka', fault: 'cut', process: somebody(random, setting) },
]

const markers: Episode = (random, atMs, setting) => {
  const of = random.pick(['all', 'topics', 'groups'] as const)
  const fault: KafkaFault = {
    do: 'kafka',
    fault: 'pauseMarkers',
    forMs: lasting(random, setting),
    ...(of !== 'all' && { of }),
  }
  return [{ atMs, ...fault }]
}

const coordinator: Episode = (random, atMs, setting) => [
  { atMs, do: 'kafka', fault: 'coordinatorAway', forMs: lasting(random, setting) },
]

/** What is decided and not yet seen, or under way, while somebody else takes over. */
const overlapping: Episode = (random, atMs, setting) => {
  const first = random.pick([markers, coordinator, messages])(random, atMs, setting)
  const second = random.pick([paused, ended])(random, atMs + random.below(300), setting)
  return [...first, ...second]
}

const compaction: Episode = (random, atMs) => {
  const topic = random.chance(75) ? 'consent.state' : 'consent.decisions'
  return [{ atMs, do: 'kafka', fault: 'compact', topic }]
}

/** The only broker may be gone for a while; of several one is gone, or cut off and goes on answering by what it knew. */
const broker: Episode = (random, atMs, setting) => {
  const id = random.below(setting.brokers)
  const isGone = setting.brokers === 1 || random.chance(50)
  const [from, to] = isGone ? (['kill', 'start'] as const) : (['isolate', 'rejoin'] as const)
  return [
    { atMs, do: 'kafka', fault: from, broker: id },
    { atMs: atMs + lasting(random, setting), do: 'kafka', fault: to, broker: id },
  ]
}

const redis: Episode = (random, atMs, setting) => {
  const one = (fault: RedisFault['fault'], at = atMs): Step => ({ atMs: at, do: 'redis', fault })
  switch (random.below(6)) {
    case 0:
      return [one('flush')]
    case 1:
      return [one('save', Math.max(0, atMs - lasting(random, setting))), one('oldDump')]
    case 2:
      return [one('down'), one('up', atMs + lasting(random, setting))]
    case 3:
      return [one('failover')]
    case 4:
      return [one('split'), one('join', atMs + lasting(random, setting))]
    default:
      return [one('evict')]
  }
}

const EPISODES: readonly Episode[] = [
  paused,
  paused,
  ended,
  ended,
  joined,
  messages,
  messages,
  messages,
  cut,
  markers,
  coordinator,
  overlapping,
  overlapping,
  overlapping,
  compaction,
  broker,
  broker,
  redis,
  redis,
]
