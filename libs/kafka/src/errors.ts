import type { AppendOutcome, TransactionFailure } from './port.ts'
import { classOf, codeName, type ErrorClass, isRetriable, type RequestName } from './protocol/error-codes.ts'

/** Everything this library throws on purpose. `code` is stable; `retriable` says whether trying again can help. */
export class KafkaError extends Error {
  override readonly name: string = 'KafkaError'
  readonly code: string = 'WEIR_KAFKA'
  readonly retriable: boolean

  constructor(message: string, retriable: boolean, options?: ErrorOptions) {
    super(message, options)
    this.retriable = retriable
  }
}

/** The broker answered with an error code. What each means: docs/reference/kafka-errors.md. */
export class BrokerError extends KafkaError {
  override readonly name = 'BrokerError'
  override readonly code = 'WEIR_KAFKA_BROKER'
  /** Kafka's number and name of the error, e.g. 6 and NOT_LEADER_OR_FOLLOWER. */
  readonly numericCode: number
  readonly codeName: string
  /** What is done about it. */
  readonly errorClass: ErrorClass

  /** `request`: what it answers, where the same code means different things. */
  constructor(numericCode: number, doing: string, detail?: string | null, request?: RequestName) {
    super(
      `${doing}: the broker answered ${codeName(numericCode)}${detail ? ` (${detail})` : ''}`,
      isRetriable(numericCode, request),
    )
    this.numericCode = numericCode
    this.codeName = codeName(numericCode)
    this.errorClass = classOf(numericCode, request)
  }
}

/** No connection, or it ended while a request was outstanding: whether that request was carried out is not known. */
export class ConnectionLost extends KafkaError {
  override readonly name = 'ConnectionLost'
  override readonly code = 'WEIR_KAFKA_CONNECTION'
  /** False only when it is certain that not a byte of the request was written. */
  readonly maybeSent: boolean

  constructor(message: string, maybeSent: boolean, options?: ErrorOptions) {
    super(message, true, options)
    this.maybeSent = maybeSent
  }
}

/** No answer in time: whether the request was carried out is not known. */
export class RequestTimedOut extends KafkaError {
  override readonly name = 'RequestTimedOut'
  override readonly code = 'WEIR_KAFKA_TIMEOUT'

  constructor(doing: string, limitMs: number) {
    super(`${doing}: no answer within ${Math.round(limitMs)} ms`, true)
  }
}

/** A request that must not be sent any more because its time has passed. Nothing was written. */
export class TooLate extends KafkaError {
  override readonly name = 'TooLate'
  override readonly code = 'WEIR_KAFKA_TOO_LATE'

  constructor(doing: string) {
    super(`${doing}: not sent, its time has passed`, false)
  }
}

/** The client, or the part of it that was asked, has been closed. */
export class Closed extends KafkaError {
  override readonly name = 'Closed'
  override readonly code = 'WEIR_KAFKA_CLOSED'

  constructor(what: string, options?: ErrorOptions) {
    super(`${what} is closed`, false, options)
  }
}

/** A response that does not follow the protocol. */
export class MalformedResponse extends KafkaError {
  override readonly name = 'MalformedResponse'
  override readonly code = 'WEIR_KAFKA_MALFORMED_RESPONSE'

  constructor(what: string) {
    super(`The broker's response can't be read: ${what}`, false)
  }
}

/** A position that the partition does not have (any more). Positions are never reset by this library. */
export class OffsetOutOfRange extends KafkaError {
  override readonly name: string = 'OffsetOutOfRange'
  override readonly code: string = 'WEIR_KAFKA_OFFSET_OUT_OF_RANGE'
  readonly topic: string
  readonly partition: number
  readonly asked: number
  /** First offset the partition still has; -1 when the broker did not say. */
  readonly logStartOffset: number

  constructor(topic: string, partition: number, asked: number, logStartOffset: number, what?: string) {
    const has = logStartOffset < 0 ? '' : `; its log starts at ${logStartOffset}`
    super(
      `Partition ${partition} of ${topic} ${what ?? `has no offset ${asked}${has}`}. Records may be lost: ` +
        'find out why before setting the position by hand',
      false,
    )
    this.topic = topic
    this.partition = partition
    this.asked = asked
    this.logStartOffset = logStartOffset
  }
}

/**
 * The log was cut back below our position, or its topic deleted and made anew: what lies at the position now is not
 * what followed the records that were read (KIP-320). Happens after an unclean leader election.
 */
export class LogTruncated extends OffsetOutOfRange {
  override readonly name = 'LogTruncated'
  override readonly code = 'WEIR_KAFKA_LOG_TRUNCATED'

  constructor(topic: string, partition: number, asked: number, what: string) {
    super(topic, partition, asked, -1, what)
  }
}

/** A transaction that did not commit, or of which that is not known. `outcome` says what the caller may do. */
export class TransactionError extends KafkaError {
  override readonly name = 'TransactionError'
  override readonly code = 'WEIR_KAFKA_TRANSACTION'
  readonly outcome: TransactionFailure

  constructor(outcome: TransactionFailure, message: string, options?: ErrorOptions) {
    // What is too large stays too large.
    super(
      `${message} (outcome: ${outcome})`,
      outcome === 'aborted' && !(options?.cause instanceof BatchTooLarge),
      options,
    )
    this.outcome = outcome
  }
}

/** The group does not have us: not joined yet, fenced, or left. */
export class NotAMember extends KafkaError {
  override readonly name = 'NotAMember'
  override readonly code = 'WEIR_KAFKA_NOT_A_MEMBER'

  constructor(groupId: string) {
    super(`Not a member of group ${groupId} now`, true)
  }
}

/** Read the committed offsets again: the broker that told them was perhaps not the group's coordinator any more. */
export class OffsetsInDoubt extends KafkaError {
  override readonly name = 'OffsetsInDoubt'
  override readonly code = 'WEIR_KAFKA_OFFSETS_IN_DOUBT'

  constructor(groupId: string) {
    super(
      `The committed offsets of group ${groupId} were told by another broker than the one that takes the next, or by the ` +
        'same before it was lost sight of',
      true,
    )
  }
}

/** One record is larger than a batch may be. Says nothing of what is in it. */
export class RecordTooLarge extends KafkaError {
  override readonly name = 'RecordTooLarge'
  override readonly code = 'WEIR_KAFKA_RECORD_TOO_LARGE'

  constructor(topic: string, partition: number, bytes: number, maxBatchBytes: number) {
    super(
      `A record for partition ${partition} of ${topic} takes ${bytes} bytes as a batch, more than the ${maxBatchBytes} allowed`,
      false,
    )
  }
}

/**
 * The broker takes no batch of this size for this topic, and this one holds a single record, so it can't be split any
 * further. Nothing of it was written, and it will be refused again until the topic or the record is changed.
 */
export class BatchTooLarge extends KafkaError {
  override readonly name = 'BatchTooLarge'
  override readonly code = 'WEIR_KAFKA_BATCH_TOO_LARGE'
  readonly topic: string
  readonly partition: number
  /** As it was sent: compressed, if the producer compresses. */
  readonly bytes: number

  constructor(topic: string, partition: number, bytes: number, options?: ErrorOptions) {
    super(
      `The broker takes no batch of ${bytes} bytes for partition ${partition} of ${topic}, and it is one record. ` +
        `Set max.message.bytes of ${topic} to more than ${bytes}, or write less in one record`,
      false,
      options,
    )
    this.topic = topic
    this.partition = partition
    this.bytes = bytes
  }
}

/** Not taken, since too much is on its way already. Nothing of it was sent; wait for an answer, then try again. */
export class TooMuchUnacknowledged extends KafkaError {
  override readonly name = 'TooMuchUnacknowledged'
  override readonly code = 'WEIR_KAFKA_UNACKNOWLEDGED'

  constructor(what: string, unacknowledgedBytes: number, limitBytes: number) {
    super(
      `${what} took nothing more: ${unacknowledgedBytes} bytes are not acknowledged by the broker yet, and with this ` +
        `there would be more than the ${limitBytes} allowed. Wait for those before`,
      true,
    )
  }
}

/** An append that was not acknowledged, or only in part. `cause` says why. */
export class AppendFailed extends KafkaError {
  override readonly name = 'AppendFailed'
  override readonly code = 'WEIR_KAFKA_APPEND'
  /** What became of the records that were not acknowledged. */
  readonly outcome: AppendOutcome
  /** Of each record, in the order given: where it lies, or null if it was not acknowledged. */
  readonly offsets: readonly (number | null)[]

  constructor(
    topic: string,
    outcome: AppendOutcome,
    offsets: readonly (number | null)[],
    retriable: boolean,
    cause: unknown,
  ) {
    const count = offsets.filter((offset) => offset === null).length
    const became = outcome === 'unknown' ? 'may be written all the same' : 'are not written'
    super(
      `Appending to ${topic} failed: ${messageOf(cause)}. ${count} of ${offsets.length} records ${became}`,
      retriable,
      { cause },
    )
    this.outcome = outcome
    this.offsets = offsets
  }
}

/** Bytes of a partition that are not whole, checksummed record batches, or compressed ones that are damaged. */
export class CorruptBatch extends KafkaError {
  override readonly name = 'CorruptBatch'
  override readonly code = 'WEIR_KAFKA_CORRUPT_BATCH'

  constructor(topic: string, partition: number, baseOffset: number, what: string) {
    super(`Batch at offset ${baseOffset} of partition ${partition} of ${topic}: ${what}`, false)
  }
}

/** A topic exists with another number of partitions than it must have. */
export class WrongPartitionCount extends KafkaError {
  override readonly name = 'WrongPartitionCount'
  override readonly code = 'WEIR_KAFKA_PARTITION_COUNT'

  constructor(topic: string, has: number, wanted: number) {
    super(
      `Topic ${topic} has ${has} partitions and must have ${wanted}. A key's partition follows from that number, so it ` +
        'is not changed here: create the topic anew under another name and move its records, or delete it if it is empty',
      false,
    )
  }
}

/** A topic that was asked for does not exist, or has no such partition. */
export class NoSuchPartition extends KafkaError {
  override readonly name = 'NoSuchPartition'
  override readonly code = 'WEIR_KAFKA_NO_SUCH_PARTITION'

  constructor(topic: string, partition: number) {
    super(`Topic ${topic} does not exist or has no partition ${partition}; has the set-up been run?`, true)
  }
}

/** Whether trying again can help; errors that are not ours are bugs. */
export function canRetry(error: unknown): boolean {
  return error instanceof KafkaError && error.retriable
}

/** What a thrown thing says of itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
