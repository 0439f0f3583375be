import { Random } from '../../workload/random.ts'
import { SETTING } from '../load/setting.ts'
import { drawDecisions } from './draw-decisions.ts'
import { drawFaults } from './draw-faults.ts'
import type { ProcessName, Schedule, Step } from './steps.ts'

/** After the last fault this long at most until everything must be processed. */
export const DRAIN_MS = 60_000

/** After all faults are over the stream goes on, and decisions are obeyed. */
const AFTER_HEAL_MS = 2_000

/** The schedule of a seed: events and decisions all along, faults that overlap with them, then healing and time to drain. */
export function drawSchedule(seed: number): Schedule {
  const random = new Random(`schedule ${seed}`)
  const brokers = random.chance(35) ? 3 : 1
  const running: ProcessName[] = ['sanitizer-0', 'projector-0', 'consent-0']
  if (random.chance(65)) running.push('sanitizer-1')
  if (random.chance(40)) running.push('projector-1')
  const isShort = random.chance(60)
  const activeMs = isShort ? 4_000 + random.below(4_000) : 11_000 + random.below(9_000)

  const decisions = drawDecisions(random, activeMs + AFTER_HEAL_MS)
  const refusals = decisions.filter((step) => step.do === 'decide' && step.kind !== 'grant').map(({ atMs }) => atMs)
  const events = drawEvents(random, activeMs + AFTER_HEAL_MS, refusals)
  const faults = drawFaults(random, { activeMs, isShort, brokers, running, refusals })
  const steps: Step[] = [
    ...events,
    ...decisions,
    ...faults,
    { atMs: activeMs, do: 'heal' },
    { atMs: activeMs + AFTER_HEAL_MS + DRAIN_MS, do: 'end' },
  ]
  return { name: `seed ${seed}`, brokers, running, mayStop: false, steps: inOrder(steps) }
}

/** By time; at one moment in the order in which they were drawn. */
export function inOrder(steps: readonly Step[]): Step[] {
  return [...steps].sort((a, b) => a.atMs - b.atMs)
}

/** A few events a second, and a burst around each refusal, so that chunks are in flight when it comes. */
function drawEvents(random: Random, untilMs: number, refusals: readonly number[]): Step[] {
  const moments: number[] = []
  for (let atMs = 0; atMs < untilMs; atMs += random.below(500)) moments.push(atMs)
  for (const refusal of refusals) {
    if (!random.chance(60)) continue
    const from = refusal - random.below(30)
    for (let i = 0; i < 6; i++) moments.push(Math.max(0, from + i * (1 + random.below(12))))
  }
  moments.sort((a, b) => a - b)
  return moments.map((atMs, row) => ({
    atMs,
    do: 'event',
    row,
    user: random.below(SETTING.users.length),
    device: random.chance(50) ? random.below(SETTING.devices.length) : null,
    ageMs: random.chance(70) ? 0 : random.below(random.chance(50) ? 100 : 5_000),
    bad: random.chance(3),
  }))
}
