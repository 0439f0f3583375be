import type { Ending } from './lifecycle.ts'

/** Whoever killed the parent most likely killed Kafka and Redis with it: there is little left to finish. */
const ORPHAN_CLOSES_WITHIN_MS = 2_000

/**
 * Everything from outside the service's code that ends its process: signals, errors that nobody caught, and, with
 * WEIR_PARENT_PIPE=1, the end of stdin. The latter is for a parent that starts services and may be killed: the
 * kernel closes the pipe whatever happens to the parent, so that no child outlives it.
 */
export function listenForEnd(end: (ending: Ending) => void): void {
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => end({ kind: 'asked', by: name }))
  process.on('uncaughtException', (error) => end({ kind: 'failed', error }))
  process.on('unhandledRejection', (error) => end({ kind: 'failed', error }))

  if (process.env['WEIR_PARENT_PIPE'] !== '1') return
  let gone = false
  const parentGone = () => {
    if (!gone) end({ kind: 'asked', by: 'the parent process is gone', withinMs: ORPHAN_CLOSES_WITHIN_MS })
    gone = true
  }
  process.stdin.on('end', parentGone)
  process.stdin.on('close', parentGone)
  process.stdin.on('error', parentGone)
  process.stdin.resume()
}
