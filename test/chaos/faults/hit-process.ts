import { freezeProcess } from '../../support/freeze-process.ts'
import { Api, type Fate } from '../../support/kafka-proxy.ts'
import { inWords, type ProcessFault, type ResponseName } from '../schedule.ts'
import type { Gate } from '../seen/gate.ts'
import type { Run, Slot } from '../slot.ts'
import type { Storm } from './storm.ts'

const AIM_MS = 6_000
/** How long one that was hit may take to commit again before it is hit again all the same. */
const RECOVERY_MS = 30_000
/** How long one that was woken stays beside its successor. */
const WAKING_MS = 3_000

/** Does the faults of its list to one slot, each when the one before it is over and the slot is at work again. */
export async function hitSlot(storm: Storm, slot: Slot, faults: readonly ProcessFault[]): Promise<void> {
  for (const fault of faults) {
    await storm.until(() => slot.isAtWork, RECOVERY_MS)
    if (!(await storm.paused(fault.gapMs))) return
    const { run } = slot
    if (run === undefined) continue
    storm.say(`${slot.name}: ${inWords(fault)}`)
    const { commits } = run.gate.watch
    await hit(storm, slot, run, fault)
    await storm.until(() => slot.run !== run || run.gate.watch.commits > commits, RECOVERY_MS)
  }
}

async function hit(storm: Storm, slot: Slot, run: Run, fault: ProcessFault): Promise<void> {
  const { gate, process } = run
  const count = (name: string, open: boolean) => storm.tally.hit(`${slot.kind}-${name}`, open)
  if (fault.kind === 'drop' || fault.kind === 'hold' || fault.kind === 'deaf') {
    const begun = comesAtStart(fault.response) ? await killed(storm, slot, run, fault.aim) : { run, wasOpen: false }
    const open = await trapped(storm, begun.run.gate, fault)
    // What the killed one left open is what its successor's InitProducerId ends.
    const isItsEnd = fault.response === 'initProducerId' && begun.wasOpen
    if (open !== undefined) count(`${fault.kind}-${fault.response}`, open || isItsEnd)
    return
  }
  await storm.aim([slot], fault.aim, AIM_MS)
  if (storm.isOver || !process.running) return
  const open = gate.watch.isOpen
  switch (fault.kind) {
    case 'kill':
    case 'stop': {
      const gone = slot.end(run, fault.kind === 'kill' ? 'SIGKILL' : 'SIGTERM')
      count(fault.kind, open)
      if (slot.kind === 'sanitizer' && fault.kind === 'kill') storm.tally.sanitizerKilled(run.life, gate.watch.owned)
      await gone
      await storm.paused(fault.awayMs)
      await slot.start()
      return
    }
    case 'freeze':
    case 'longFreeze': {
      const thaw = freezeProcess(process.pid as number)
      count(fault.kind, open)
      await storm.paused(fault.forMs)
      thaw()
      return
    }
    case 'zombie': {
      const thaw = freezeProcess(process.pid as number)
      count(fault.kind, open)
      await slot.start()
      await storm.paused(fault.forMs)
      thaw()
      // It finds out, and then fights for the slot.
      await storm.paused(WAKING_MS)
      await slot.end(run, 'SIGKILL')
      return
    }
    case 'slow':
      gate.slow(fault.byMs)
      count(fault.kind, open)
      await storm.paused(fault.forMs)
      gate.slow(0)
      return
    case 'halfOpen':
      gate.mute()
      count(fault.kind, open)
      return
    case 'cut':
      gate.cut()
      count(fault.kind, open)
  }
}

/** These come when a process begins, and hardly ever later. */
function comesAtStart(response: string): boolean {
  return response === 'initProducerId' || response === 'offsetFetch'
}

/** Kills it in a transaction and starts the next one. */
async function killed(storm: Storm, slot: Slot, run: Run, aim: ProcessFault['aim']) {
  await storm.aim([slot], aim, AIM_MS)
  const wasOpen = run.gate.watch.isOpen
  await slot.end(run, 'SIGKILL')
  return { wasOpen, run: await slot.start() }
}

/**
 * Does it to the next response of this API that comes while a transaction is open; after a while to the next at all. Tells
 * whether one was open; undefined: none came.
 */
async function trapped(storm: Storm, gate: Gate, fault: ProcessFault & { response: ResponseName }) {
  let found: boolean | undefined
  const since = performance.now()
  const fate = (): Fate => (fault.kind === 'hold' ? storm.paused(fault.forMs).then(() => undefined) : 'drop')
  const isWaitedFor = (open: boolean) => open || comesAtStart(fault.response) || performance.now() - since > AIM_MS
  const spring = (open: boolean) => {
    if (found === undefined && !isWaitedFor(open)) return undefined
    found ??= open
    return fate()
  }
  const untrap = gate.trap(Api[fault.response], spring, fault.kind === 'deaf')
  await storm.until(() => found !== undefined, AIM_MS * 2)
  if (fault.kind === 'deaf' && found !== undefined) await storm.paused(fault.forMs)
  untrap()
  return found
}
