import { AsyncLocalStorage } from 'node:async_hooks'
import type { ModelOptions, World } from './options.ts'

/** Whoever makes the model is the world it lives in: timers of brokers are the world's, whichever process asks them. */
export function worldOf(options: ModelOptions): World {
  const inWorld = AsyncLocalStorage.snapshot()
  const after = (ms: number, task: () => void): NodeJS.Timeout => inWorld(() => setTimeout(task, ms))
  return { ...options, after }
}
