import { violations } from '../check/index.ts'
import { directed, drawSchedule } from '../schedule/index.ts'
import { countFaults } from './count-faults.ts'
import type { Outcome, Try } from './outcome.ts'
import type { becomeSimulator } from './simulator.ts'

type RunSchedule = Awaited<ReturnType<typeof becomeSimulator>>

/** Runs one schedule in this thread, which is a simulator, and judges what it left behind. */
export async function trySchedule(runSchedule: RunSchedule, tried: Try, keepsLog: boolean): Promise<Outcome> {
  const schedule = scheduleOf(tried)
  const base = { tried, name: schedule.name, faults: countFaults(schedule) }
  try {
    const { seen, trace, timers, virtualMs, log } = await runSchedule(schedule, tried.seed)
    return {
      ...base,
      violations: violations(seen),
      trace,
      steps: timers,
      virtualMs,
      rows: seen.raw.length,
      granted: Object.values(seen.clean).reduce((sum, records) => sum + records.filter(({ key }) => key).length, 0),
      decisions: seen.decisions.length,
      shortGrants: seen.decisions.filter(({ short, effectiveAtMs }) => short && effectiveAtMs !== null).length,
      transactions: seen.transactions.length,
      log: keepsLog ? log : [],
      crashed: null,
    }
  } catch (error) {
    const crashed = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const nothing = {
      trace: '',
      steps: 0,
      virtualMs: 0,
      rows: 0,
      granted: 0,
      decisions: 0,
      shortGrants: 0,
      transactions: 0,
    }
    return { ...base, ...nothing, violations: [], log: [], crashed }
  }
}

export function scheduleOf({ seed, directed: name }: Try) {
  return name === undefined ? drawSchedule(seed) : directed(name, seed)
}
