import { BrokerError, KafkaError, NotAMember, OffsetsInDoubt } from './errors.ts'
import { pointsOf } from './protocol/error-codes.ts'

/** One try of a request to a coordinator; the rest of the transaction's time is for trying again elsewhere. */
export const ATTEMPT_LIMIT_MS = 2_000

export interface Failure {
  /** Trying the same request again may help. */
  readonly canTryAgain: boolean
  readonly kind: /** The transactional id belongs to somebody newer, or the broker itself has ended the transaction (timeout). */
    | 'newer-producer'
    /** The group does not have this member with this generation. */
    | 'not-the-member'
    /** What became of it is not known, and an abort would not tell either. */
    | 'unclear'
    /** An abort settles it. */
    | 'other'
}

/** What an error of a transaction's request means for the transaction. */
export function failureOf(error: unknown): Failure {
  if (error instanceof NotAMember) return { canTryAgain: false, kind: 'not-the-member' }
  if (error instanceof BrokerError && error.errorClass === 'fenced') {
    return { canTryAgain: false, kind: pointsOf(error.numericCode) === 'group' ? 'not-the-member' : 'newer-producer' }
  }
  // Open it is, but it starts from a place that may be wrong: what was read has to be dropped, as after an unknown outcome.
  if (error instanceof OffsetsInDoubt) return { canTryAgain: false, kind: 'unclear' }
  if (error instanceof BrokerError && error.errorClass === 'recover') return { canTryAgain: false, kind: 'unclear' }
  return { canTryAgain: error instanceof KafkaError && error.retriable, kind: 'other' }
}
