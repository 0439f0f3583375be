import type { Random } from '../../workload/random.ts'
import { type PurposeName, SETTING } from '../load/setting.ts'
import type { Decide, Who } from './steps.ts'

type Timed = { readonly atMs: number } & Decide

/** Grants and refusals of users and devices, links, retries and grants that come too late. Ascending. */
export function drawDecisions(random: Random, untilMs: number): Timed[] {
  // Most runs begin with people who agreed, else nothing is there to be leaked.
  const drawn: Timed[] = SETTING.users.map((_, user) => ({
    atMs: random.below(100),
    ...grant(random, { user }, random.chance(70) ? [...SETTING.purposes] : somePurposes(random)),
  }))
  for (let atMs = 300; atMs < untilMs; atMs += 100 + random.below(1_300)) {
    const one = { atMs, ...drawOne(random) }
    drawn.push(one)
    if (one.kind === 'withdraw' && random.chance(40)) {
      // What a page shown before the "no" still sends, or a new "yes".
      const again = grant(random, one.who, one.purposes as PurposeName[])
      const basedOn = random.pick(['now', 'nothing', 'before'] as const)
      drawn.push({ atMs: atMs + random.below(random.chance(50) ? 60 : 3_000), ...again, basedOn, lastsMs: null })
    }
    if (random.chance(20)) drawn.push({ ...one, atMs: atMs + random.below(random.chance(50) ? 40 : 6_000) })
  }
  return drawn.sort((a, b) => a.atMs - b.atMs)
}

function drawOne(random: Random): Decide {
  const user = { user: random.below(SETTING.users.length) }
  const device = { device: random.below(SETTING.devices.length) }
  const kind = random.below(100)
  if (kind < 42) return grant(random, user, somePurposes(random))
  if (kind < 75) return refusal(random, user, random.chance(80) ? 'withdraw' : 'object')
  if (kind < 83) return refusal(random, device, random.chance(50) ? 'withdraw' : 'object')
  if (kind < 90) return grant(random, device, somePurposes(random))
  return {
    ...refusal(random, device, 'withdraw'),
    kind: 'link',
    purposes: [],
    linkedTo: random.below(SETTING.users.length),
  }
}

function grant(random: Random, who: Who, purposes: readonly PurposeName[]): Decide {
  return {
    do: 'decide',
    id: random.uuid(),
    kind: 'grant',
    who,
    purposes,
    notices: purposes.map((purpose) => random.pick<number>(SETTING.notices[purpose])),
    lastsMs: random.chance(25) ? 500 + random.below(8_000) : null,
    basedOn: 'now',
  }
}

function refusal(random: Random, who: Who, kind: 'withdraw' | 'object'): Decide {
  const purposes = somePurposes(random)
  return {
    do: 'decide',
    id: random.uuid(),
    kind,
    who,
    purposes,
    notices: purposes.map(() => 0),
    lastsMs: null,
    basedOn: 'now',
  }
}

/** One at least. */
function somePurposes(random: Random): PurposeName[] {
  const some = SETTING.purposes.filter(() => random.chance(60))
  return some.length > 0 ? some : [random.pick(SETTING.purposes)]
}
