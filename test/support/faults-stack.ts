import { type NativeOptions, type NativeStack, startNativeStack } from '@weir/infra/stack/index.ts'
import { afterAll, beforeAll } from 'vitest'

export { whileAway, whileFrozen } from './part-faults.ts'

const startMs = 180_000

/**
 * A stack of the test file's own, whose parts may be broken: started before its first test, gone after its last. It is
 * always made of processes of this machine, also where a stack is given, since that one belongs to somebody.
 *
 * @returns a function that gives the stack, to be called inside tests and hooks.
 */
export function ownStack(options: NativeOptions = {}): () => NativeStack {
  let stack: NativeStack | undefined
  beforeAll(async () => {
    stack = await startNativeStack(options)
  }, startMs)
  afterAll(async () => {
    await stack?.stop()
  }, startMs)
  return () => {
    if (!stack) throw new Error('The stack is there only while tests run.')
    return stack
  }
}
