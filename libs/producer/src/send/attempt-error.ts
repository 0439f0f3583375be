import { BrokerError, ConnectionLost, canRetry, TooLate } from '@weir/kafka'

/** MESSAGE_TOO_LARGE and RECORD_LIST_TOO_LARGE: the topic takes smaller batches than ours. */
const TOO_LARGE = [10, 18]

/** The broker does not know either, or gave no answer for this batch. */
const UNKNOWN = -1

/** Whether sending the same again may succeed. The appender's own time being over is no verdict on the record. */
export function mayPass(error: unknown): boolean {
  return canRetry(error) || error instanceof TooLate
}

/** Whether the batch was refused for its size, so that its halves may pass. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof BrokerError && TOO_LARGE.includes(error.numericCode)
}

/** False when it is certain that the attempt wrote nothing. */
export function mayHaveWritten(error: unknown): boolean {
  if (error instanceof BrokerError) return error.retriable || error.numericCode === UNKNOWN
  return !(error instanceof ConnectionLost && !error.maybeSent)
}
