import { Random } from '../workload/random.ts'
import { CHANNELS, type ChannelName } from './channels.ts'
import { distanceFromChance, foundGreedily, shareAsFar } from './evidence.ts'
import { type SeenRecord, type Track, tracksOf } from './seen.ts'

export interface JoinAttack {
  readonly a: readonly SeenRecord[]
  readonly b: readonly SeenRecord[]
  /** Who is who: pseudonyms of `a` to those of `b`, of the people whom the attack is about. */
  readonly truth: ReadonlyMap<string, string>
  readonly seed: string
  /** Records were spread over a window on purpose: then when they arrived is no baseline but a channel. */
  readonly spread?: boolean
}

export interface JoinReport {
  /** People who have records in both. */
  readonly pairs: number
  /** Of them, those whose records do not stand in the same transactions with the same shown values. */
  readonly apart: number
  /** True pairs that an attacker may expect to find by guessing among those who arrived together. */
  readonly byArrival: number
  /** The same among those who arrived together and show the same values. */
  readonly byArrivalAndValues: number
  readonly channels: Readonly<Record<ChannelName, ChannelReport>>
  /** Channels that tell more than chance does. */
  readonly leaking: readonly ChannelName[]
}

export interface ChannelReport {
  /** True pairs that an attacker finds who goes by this channel within the classes. */
  readonly found: number
  /** How far true pairs are from what chance gives, in standard deviations. */
  readonly z: number
  readonly tells: boolean
}

/**
 * What a channel must reach to count as telling: this many standard deviations from chance, and further than every random
 * pairing. A channel that tells nothing does so about once in a million runs.
 */
const LEAST_Z = 5
const PAIRINGS = 20_000

/**
 * Pairs the pseudonyms of two topics. The baseline is what is open: who arrived in the same transactions, and the values
 * that both topics show. People who are alike in these form a class, in which one right guess is to be expected. Each
 * channel is then asked whether it tells more within the classes.
 */
export function joinAttack({ a, b, truth, seed, spread = false }: JoinAttack): JoinReport {
  const [tracksA, tracksB] = [tracksOf(a), tracksOf(b)]
  const all = [...truth].flatMap(([keyA, keyB]): [Track, Track][] => {
    const [one, other] = [tracksA.get(keyA), tracksB.get(keyB)]
    return one === undefined || other === undefined ? [] : [[one, other]]
  })
  const arrival = (track: Track) => (spread ? '' : track.arrival)
  const open = (track: Track) => (spread ? track.values : track.arrivalAndValues)
  const alike = all.filter(([one, other]) => open(one) === open(other))
  const classes = [...Map.groupBy(alike, ([one]) => open(one)).values()]
  const channels = Object.fromEntries(
    Object.entries(CHANNELS).map(([name, likenessOf]) => {
      const likeness = classes.map((pairs) =>
        likenessOf(
          pairs.map(([one]) => one),
          pairs.map(([, other]) => other),
        ),
      )
      const z = distanceFromChance(likeness)
      const tells =
        Math.abs(z) >= LEAST_Z && shareAsFar(likeness, PAIRINGS, new Random(`${seed}/${name}/pairings`)) === 0
      const ties = new Random(`${seed}/${name}/ties`)
      const guessed = likeness.map((own) => foundGreedily(own, z < 0 ? -1 : 1, ties))
      // What is alike for all leaves nothing to go by, so one right guess a class is to be expected.
      const found = z === 0 ? classes.length : guessed.reduce((sum, own) => sum + own, 0)
      return [name, { found, z, tells } satisfies ChannelReport]
    }),
  ) as JoinReport['channels']
  return {
    pairs: all.length,
    apart: all.length - alike.length,
    byArrival: new Set(alike.map(([one]) => arrival(one))).size,
    byArrivalAndValues: classes.length,
    channels,
    leaking: (Object.keys(channels) as ChannelName[]).filter((name) => channels[name].tells),
  }
}

/** As a person reads it, on one line. */
export function joinReportText({ pairs, apart, byArrival, byArrivalAndValues, channels, leaking }: JoinReport): string {
  const more = Object.entries(channels).map(([name, { found, z }]) => {
    const beyond = found - byArrivalAndValues
    return `${beyond < 0 ? beyond : `+${beyond}`} by ${name} (z ${z.toFixed(1)})`
  })
  const verdict = leaking.length === 0 ? 'no channel tells more than chance' : `telling: ${leaking.join(', ')}`
  return `of ${pairs} pairs ${byArrival} by arrival time, ${byArrivalAndValues} with what is shown; ${more.join(', ')}; ${verdict}; ${apart} apart`
}
