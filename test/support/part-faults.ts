import type { Part } from '@weir/infra/stack/index.ts'

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
