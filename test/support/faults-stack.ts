import { type NativeOptions, type NativeStack, type Part, startNativeStack } from '@weir/infra/stack/index.ts'
import { afterAll, beforeAll } from 'vitest'

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

/** Has a part be away while `during` runs, then back again on the same port, also if `during` fails. */
export async function whileAway<T>(
  part: Part,
  during: () => Promise<T>,
  signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL',
): Promise<T> {
  await part.stop(signal)
  try {
    return await during()
  } finally {
    await part.start()
  }
}

/** Has a part hang, its connections open and nothing answered, while `during` runs. */
export async function whileFrozen<T>(part: Part, during: () => Promise<T>): Promise<T> {
  await part.signal('SIGSTOP')
  try {
    return await during()
  } finally {
    await part.signal('SIGCONT')
  }
}
