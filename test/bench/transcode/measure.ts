import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Goes over its events once. */
export interface Pass {
  readonly events: number
  /** What is not counted: brings the next events. */
  prepare?(): void
  run(): void
}

/** So many events a turn: long enough for a clock that counts in small steps, short enough to come round often. */
const TURN_EVENTS = 200_000

/**
 * Microseconds of CPU that each pass takes an event: all threads of the process, garbage collection and compilation
 * included. The passes take turns, so that a busy machine hits all alike; the least of the rounds counts, since what
 * disturbs only ever adds.
 */
export function cpuUsOf<Name extends string>(
  passes: Readonly<Record<Name, Pass>>,
  rounds: number,
): Record<Name, number> {
  const names = Object.keys(passes) as Name[]
  const least = Object.fromEntries(names.map((name) => [name, Number.POSITIVE_INFINITY])) as Record<Name, number>
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const us = turn(passes[name])
      // The first round is for the compiler.
      if (round > 0) least[name] = Math.min(us, least[name])
    }
  }
  return least
}

function turn(pass: Pass): number {
  let events = 0
  let us = 0
  for (; events < TURN_EVENTS; events += pass.events) {
    pass.prepare?.()
    const before = process.cpuUsage()
    pass.run()
    const { user, system } = process.cpuUsage(before)
    us += user + system
  }
  return us / events
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes of heap that a pass allocates an event; it must be small enough that nothing is collected meanwhile. */
export function allocatedBytes(pass: Pass): number {
  pass.run()
  collect()
  const before = process.memoryUsage().heapUsed
  pass.run()
  return Math.max(0, process.memoryUsage().heapUsed - before) / pass.events
}

/** Heap and buffers in use after everything that can be collected has been, in bytes. */
export function bytesInUse(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
