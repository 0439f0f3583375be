import { readFileSync } from 'node:fs'

/** What a process has used so far. */
export interface ProcessUsage {
  /** User and system time of all its threads, in microseconds; counted in steps of 10 ms. */
  readonly cpuUs: number
  /** Most memory it ever had resident, in bytes. */
  readonly peakBytes: number
}

/** Linux counts CPU time for /proc in hundredths of a second, whatever its own clock. */
const TICK_US = 10_000
const USER_TICKS = 11
const SYSTEM_TICKS = 12

/**
 * From /proc, so on Linux alone: it counts every thread and needs nothing of the process itself.
 * @throws Error on other systems, and when the process has gone
 */
export function usageOf(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in brackets, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return { cpuUs: ticks * TICK_US, peakBytes: Number(peak?.[1] ?? 0) * 1024 }
}
