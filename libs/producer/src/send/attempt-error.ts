import { AppendFailed, BatchTooLarge, canRetry } from '@weir/kafka'

/** Whether sending the same again may succeed. */
export function mayPass(error: unknown): boolean {
  return canRetry(error)
}

/** The first record that was not acknowledged is larger than the topic takes; what stands behind it was not sent. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof AppendFailed && error.cause instanceof BatchTooLarge
}

/** False when it is certain that what was not acknowledged is not written. */
export function mayHaveWritten(error: unknown): boolean {
  return error instanceof AppendFailed && error.outcome === 'unknown'
}

/** Where record `index` of a failed append lies all the same, or null. */
export function writtenAt(error: unknown, index: number): number | null {
  return error instanceof AppendFailed ? (error.offsets[index] ?? null) : null
}
