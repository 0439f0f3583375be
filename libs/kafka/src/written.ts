import { BatchTooLarge, BrokerError, ConnectionLost, TooLate } from './errors.ts'

/**
 * Answers to a Produce by which it is certain that this attempt has written nothing: the broker looks before it appends.
 * Any other may come after the batch was appended to the leader's log, such as NOT_LEADER_OR_FOLLOWER or
 * REQUEST_TIMED_OUT while it waits for the replicas.
 */
const certain: ReadonlySet<string> = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'INVALID_TIMESTAMP',
  'INVALID_RECORD',
  'POLICY_VIOLATION',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_COMPRESSION_TYPE',
])

/** False when it is certain that an attempt to send a batch, which ended with `error`, wrote nothing. */
export function mayHaveWritten(error: unknown): boolean {
  if (error instanceof TooLate || error instanceof BatchTooLarge) return false
  if (error instanceof ConnectionLost) return error.maybeSent
  if (error instanceof BrokerError) return !certain.has(error.codeName)
  return true
}
