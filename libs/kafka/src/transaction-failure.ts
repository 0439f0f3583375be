import { BrokerError, KafkaError, NotAMember } from './errors.ts'
import { Code } from './protocol/error-codes.ts'

/** One try of a request to a coordinator; the rest of the transaction's time is for trying again elsewhere. */
export const ATTEMPT_LIMIT_MS = 2_000

/** The transactional id belongs to somebody newer, or the broker itself has ended the transaction (timeout). */
const newerProducer: ReadonlySet<number> = new Set([Code.INVALID_PRODUCER_EPOCH, Code.PRODUCER_FENCED])

/** The group does not have this member with this generation. */
const notTheMember: ReadonlySet<number> = new Set([
  Code.ILLEGAL_GENERATION,
  Code.UNKNOWN_MEMBER_ID,
  Code.FENCED_INSTANCE_ID,
  Code.FENCED_MEMBER_EPOCH,
  Code.STALE_MEMBER_EPOCH,
])

export interface Failure {
  /** Trying the same request again may help. */
  readonly canTryAgain: boolean
  readonly kind: 'newer-producer' | 'not-the-member' | 'other'
}

/** What an error of a transaction's request means for the transaction. */
export function failureOf(error: unknown): Failure {
  if (error instanceof NotAMember) return { canTryAgain: false, kind: 'not-the-member' }
  if (error instanceof BrokerError) {
    if (newerProducer.has(error.numericCode)) return { canTryAgain: false, kind: 'newer-producer' }
    if (notTheMember.has(error.numericCode)) return { canTryAgain: false, kind: 'not-the-member' }
  }
  return { canTryAgain: error instanceof KafkaError && error.retriable, kind: 'other' }
}
