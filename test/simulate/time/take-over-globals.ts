import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { bytesOf, type Random, uuidOf } from './random-bytes.ts'
import { monotonicMs, Timer, wallClockMs } from './virtual-time.ts'

type Callback = (...args: unknown[]) => void

/**
 * From now on this thread's timers, clocks and randomness are the world's: for good, so only in a thread of its own.
 * Code that has taken the real ones before keeps them.
 */
export function takeOverGlobals(random: Random): void {
  const global = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate }
  Object.assign(globalThis, global)
  Object.assign(timers, global)
  Object.assign(globalThis, { Date: virtualDate() })
  Object.assign(performance, { now: monotonicMs })
  Object.assign(Math, { random: () => random.below(2 ** 30) / 2 ** 30 })
  Object.assign(crypto, {
    randomBytes: (count: number) => bytesOf(random, count),
    randomInt: (below: number) => random.below(below),
    randomUUID: () => uuidOf(random),
  })
  Object.assign(timersPromises, { setTimeout: pause, setImmediate: () => pause(0) })
  Object.assign(AbortSignal, { any: anyOf })
  Error.stackTraceLimit = 0
  syncBuiltinESMExports()
}

function setTimeout(act: Callback, ms = 0, ...args: unknown[]): Timer {
  return new Timer(() => act(...args), ms)
}

function setImmediate(act: Callback, ...args: unknown[]): Timer {
  return new Timer(() => act(...args), 0)
}

/** Each time is a timer of its own, of which the first is the handle. */
function setInterval(act: Callback, ms = 0, ...args: unknown[]): Timer {
  const handle: Timer = new Timer(again, ms)
  function again(): void {
    if (handle.isOff) return
    new Timer(again, ms)
    act(...args)
  }
  return handle
}

function clearTimeout(timer: unknown): void {
  if (timer instanceof Timer) timer.isOff = true
}
const clearInterval = clearTimeout
const clearImmediate = clearTimeout

function pause<T>(ms?: number, value?: T, options?: { readonly signal?: AbortSignal }): Promise<T | undefined> {
  const signal = options?.signal
  return new Promise((resolve, reject) => {
    const gone = () => {
      timer.isOff = true
      reject(Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }))
    }
    const timer = new Timer(() => {
      signal?.removeEventListener('abort', gone)
      resolve(value)
    }, ms ?? 0)
    if (signal?.aborted) gone()
    else signal?.addEventListener('abort', gone, { once: true })
  })
}

/** Node keeps such a signal for good once somebody listens to it; what a killed process listened to never aborts. */
function anyOf(signals: readonly AbortSignal[]): AbortSignal {
  const any = new AbortController()
  const aborted = signals.find((signal) => signal.aborted)
  if (aborted !== undefined) any.abort(aborted.reason)
  else for (const signal of signals) signal.addEventListener('abort', () => any.abort(signal.reason), { once: true })
  return any.signal
}

function virtualDate(): DateConstructor {
  Date.now = wallClockMs
  return new Proxy(Date, {
    construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [wallClockMs()] : given, made),
  })
}
