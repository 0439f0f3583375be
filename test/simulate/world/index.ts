import { createHash } from 'node:crypto'
import { Random } from '../../workload/random.ts'
import type { Seen } from '../check/seen.ts'
import type { Schedule } from '../schedule/index.ts'
import { afterMs, beginTime, monotonicMs, passTime, runAs, traceOfTimers } from '../time/virtual-time.ts'
import { World } from './world.ts'

const READY_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 50
/** After the last fault: whoever has to recover had time to do something wrong. */
const QUIET_MS = 8_000
const SETTLED_LOOK_EVERY_MS = 500

export interface Ran {
  readonly seen: Seen
  /** Equal for equal runs: of all timers and all that was seen. */
  readonly trace: string
  readonly timers: number
  readonly virtualMs: number
  /** What processes warned of, and what went wrong in the world. */
  readonly log: readonly string[]
}

let random = new Random('before any world')

/** What the globals draw from, which the seed of the run determines. */
export function randomOfWorld(): Random {
  return random
}

/**
 * One schedule from start to end, in virtual time; needs `takeOverGlobals` before. Rejects when the world never comes
 * up. Runs in one thread follow each other.
 */
export async function runSchedule(schedule: Schedule, seed: number): Promise<Ran> {
  beginTime()
  random = new Random(`world ${seed}`)
  return await runAs(undefined, async () => {
    const world = new World(schedule, random)
    world.start()
    await passTime(
      everyMs(LOOK_EVERY_MS, () => world.why === ''),
      READY_WITHIN_MS,
    )
    if (world.why !== '') throw new Error(`${schedule.name} does not come up: ${world.why}`)

    for (const step of schedule.steps) afterMs(step.atMs, () => world.act(step))
    const lastAtMs = monotonicMs() + (schedule.steps.at(-1)?.atMs ?? 0)
    const hasSettled = everyMs(SETTLED_LOOK_EVERY_MS, () => world.hasSettled(QUIET_MS))
    await passTime(() => world.isEnded || hasSettled(), lastAtMs + 10)
    world.end()
    const { seen, log } = world
    world.close()
    const { fired, digest } = traceOfTimers()
    return { seen, log, timers: fired, virtualMs: monotonicMs(), trace: `${digest.toString(16)}-${digestOf(seen)}` }
  })
}

/** Looks no more often than this, in virtual time. */
function everyMs(ms: number, look: () => boolean): () => boolean {
  let lookedMs = Number.NEGATIVE_INFINITY
  return () => {
    if (monotonicMs() - lookedMs < ms) return false
    lookedMs = monotonicMs()
    return look()
  }
}

function digestOf(seen: Seen): string {
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 16)
}
