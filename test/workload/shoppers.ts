import { Random } from './random.ts'

/** What a shopper decided before the stream begins (W1's shares: 70 % granted, 10 % withdrawn, 20 % never asked). */
export type ConsentPlan = 'granted' | 'withdrawn' | 'none'

/** A part that the demo gives to one of the busy shoppers, so that decisions fall where events are. */
export type Role =
  /** Grants everything, then withdraws everything midway. */
  | 'leaves'
  /** Grants everything, withdraws, grants again: under a new pseudonym, without what lay between. */
  | 'returns'
  /** Grants for the first time when the stream has been running for a while; nothing before it is revived. */
  | 'joins-late'
  /** Grants everything, but one device of theirs was told no. */
  | 'refuses-on-a-device'

export interface Shopper {
  readonly rank: number
  readonly subjectId: string
  /** One to three; the first is used most. */
  readonly devices: readonly string[]
  readonly sessions: readonly string[]
  /** Sends Global Privacy Control with every event. */
  readonly gpc: boolean
  readonly consent: ConsentPlan
  /** Granted (and, for `withdrawn`, then withdrawn); empty for `none`. */
  readonly purposes: readonly string[]
  readonly role: Role | null
}

export interface Shoppers {
  readonly all: readonly Shopper[]
  /** The shopper with this role; undefined where there are too few people for it. */
  find(role: Role): Shopper | undefined
}

/** Rank of the shoppers with a role: busy, but not so busy that one person is most of the stream. */
const ROLES: ReadonlyMap<number, Role> = new Map([
  [1, 'leaves'],
  [2, 'returns'],
  [3, 'joins-late'],
  [4, 'refuses-on-a-device'],
])

/** At least this many, so that each role has its shopper and W1's shares show. */
const LEAST_SHOPPERS = 20

/** The people of the stream, busiest first. The same seed, count and purposes give the same people. */
export function planShoppers(seed: number, count: number, purposes: readonly string[]): Shoppers {
  if (count < LEAST_SHOPPERS) throw new Error(`at least ${LEAST_SHOPPERS} shoppers are needed, ${count} were asked for`)
  const random = new Random(`${seed}/shoppers`)
  const all = Array.from({ length: count }, (_, rank) => shopper(random, rank, purposes))
  return shoppersOf(all)
}

/** People whose ids came from elsewhere: the busiest of them get the roles. Their devices are not known. */
export function planKnownShoppers(
  seed: number,
  busiestFirst: readonly string[],
  purposes: readonly string[],
): Shoppers {
  const random = new Random(`${seed}/shoppers`)
  return shoppersOf(
    busiestFirst.map((id, rank) => ({ ...shopper(random, rank, purposes), subjectId: id, devices: [] })),
  )
}

function shoppersOf(all: readonly Shopper[]): Shoppers {
  return { all, find: (role) => all.find((one) => one.role === role) }
}

function shopper(random: Random, rank: number, purposes: readonly string[]): Shopper {
  const role = ROLES.get(rank) ?? null
  const subjectId = random.uuid()
  const devices = Array.from({ length: 1 + random.below(3) }, () => `dev-${random.hex(20)}`)
  const sessions = Array.from({ length: 1 + random.below(20) }, () => random.uuid())
  const gpc = random.chance(8) && role === null
  const share = random.below(10)
  const some = somePurposes(random, purposes)
  const drawn: ConsentPlan = share < 7 ? 'granted' : share < 8 ? 'withdrawn' : 'none'
  const consent: ConsentPlan = role === null ? drawn : role === 'joins-late' ? 'none' : 'granted'
  const granted = consent === 'none' ? [] : role === null ? some : [...purposes]
  return { rank, subjectId, devices, sessions, gpc, consent, purposes: granted, role }
}

/** Half the people take everything, others choose. */
function somePurposes(random: Random, purposes: readonly string[]): string[] {
  if (random.chance(50)) return [...purposes]
  const chosen = purposes.filter(() => random.chance(60))
  return chosen.length > 0 ? chosen : [random.pick(purposes)]
}
