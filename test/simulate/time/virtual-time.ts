import { AsyncLocalStorage } from 'node:async_hooks'
import { TimerHeap } from './timer-heap.ts'

/** A process of the simulated world: whose timers wait while it is paused, and never come once it is dead. */
export class SimulatedProcess {
  readonly name: string
  state: 'running' | 'paused' | 'dead' = 'running'
  /** What came due while it was paused. */
  waiting: Timer[] = []

  constructor(name: string) {
    this.name = name
  }
}

const EPOCH_MS = Date.UTC(2026, 0, 1)
const realImmediate = setImmediate

const owner = new AsyncLocalStorage<SimulatedProcess | undefined>()
let heap = new TimerHeap<Timer>()
let nowMs = 0
let order = 0
let firedCount = 0
let digest = 0

/** What the patched setTimeout and its like give. */
export class Timer {
  atMs: number
  order: number
  isOff = false
  readonly act: () => void
  readonly process: SimulatedProcess | undefined

  constructor(act: () => void, waitMs: number) {
    this.act = act
    this.process = owner.getStore()
    this.atMs = nowMs + (Number.isFinite(waitMs) && waitMs > 0 ? waitMs : 0)
    this.order = order++
    heap.push(this)
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  [Symbol.dispose](): void {
    this.isOff = true
  }
}

/** Time in ms since this world began; what the patched performance.now gives. */
export function monotonicMs(): number {
  return nowMs
}

/** What the patched Date.now gives. */
export function wallClockMs(): number {
  return EPOCH_MS + Math.floor(nowMs)
}

/** How many timers have fired, and a number that depends on each of them: equal for equal runs. */
export function traceOfTimers(): { readonly fired: number; readonly digest: number } {
  return { fired: firedCount, digest }
}

/** A new world: time begins anew, nothing of an earlier one is left. */
export function beginTime(): void {
  heap = new TimerHeap()
  nowMs = 0
  order = 0
  firedCount = 0
  digest = 0
}

/** Runs as this process; undefined: as the world, which is never paused. Timers set in it are that process's. */
export function runAs<T>(process: SimulatedProcess | undefined, act: () => T): T {
  return owner.run(process, act)
}

/** Sets a timer of the world, whoever asks for it. */
export function afterMs(waitMs: number, act: () => void): void {
  owner.run(undefined, () => new Timer(act, waitMs))
}

/** What came due meanwhile comes now, in its order. */
export function resume(process: SimulatedProcess): void {
  process.state = 'running'
  for (const timer of process.waiting.splice(0)) {
    timer.atMs = nowMs
    timer.order = order++
    heap.push(timer)
  }
}

/** Lets time pass from timer to timer, until it is over or `untilMs` has come. Rejects when nothing goes on any more. */
export async function passTime(isOver: () => boolean, untilMs: number): Promise<void> {
  await settled()
  while (!isOver()) {
    const timer = heap.pop()
    if (timer === undefined) throw new Error(`nothing goes on at ${nowMs} ms: there is no timer left`)
    if (timer.isOff) continue
    if (timer.atMs > untilMs) {
      heap.push(timer)
      nowMs = untilMs
      return
    }
    if (timer.atMs > nowMs) nowMs = timer.atMs
    if (fire(timer)) await settled()
  }
}

function fire(timer: Timer): boolean {
  const { process } = timer
  if (process?.state === 'dead') return false
  if (process?.state === 'paused') {
    process.waiting.push(timer)
    return false
  }
  firedCount++
  digest = (Math.imul(digest ^ Math.floor(nowMs * 1_000), 0x01000193) ^ (process?.name.length ?? 0)) >>> 0
  owner.run(process, timer.act)
  return true
}

/** All that follows without waiting has been done. */
function settled(): Promise<void> {
  return new Promise((resolve) => realImmediate(resolve))
}
