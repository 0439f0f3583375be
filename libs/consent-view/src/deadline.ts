/** A call took longer than its caller can wait. */
export class DeadlineError extends Error {
  readonly code = 'WEIR_DEADLINE'
  override readonly name = 'DeadlineError'
}

/**
 * Settles like `call`, or rejects with DeadlineError after `ms`. Needed around every Redis call: a promise of ioredis
 * can stay unsettled when its connection drops (redis/ioredis#2193).
 */
export function withDeadline<T>(call: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new DeadlineError(`${what} gave no answer within ${ms} ms`)), ms)
    call.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}
