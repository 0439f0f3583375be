import type { TransactionFailure } from './port.ts'
import { codeName, isRetriable } from './protocol/error-codes.ts'

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

/** The broker answered with an error code. */
export class BrokerError extends KafkaError {
  override readonly name = 'BrokerError'
  override readonly code = 'WEIR_KAFKA_BROKER'
  /** Kafka's number and name of the error, e.g. 6 and NOT_LEADER_OR_FOLLOWER. */
  readonly numericCode: number
  readonly codeName: string

  constructor(numericCode: number, doing: string, detail?: string | null) {
    super(
      `${doing}: the broker answered ${codeName(numericCode)}${detail ? ` (${detail})` : ''}`,
      isRetriable(numericCode),
    )
    this.numericCode = numericCode
    this.codeName = codeName(numericCode)
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
  override readonly name = 'OffsetOutOfRange'
  override readonly code = 'WEIR_KAFKA_OFFSET_OUT_OF_RANGE'
  readonly topic: string
  readonly partition: number
  readonly asked: number
  /** First offset the partition still has; -1 when the broker did not say. */
  readonly logStartOffset: number

  constructor(topic: string, partition: number, asked: number, logStartOffset: number) {
    const has = logStartOffset < 0 ? '' : `; its log starts at ${logStartOffset}`
    super(
      `Partition ${partition} of ${topic} has no offset ${asked}${has}. Records may be lost: ` +
        'find out why before setting the position by hand',
      false,
    )
    this.topic = topic
    this.partition = partition
    this.asked = asked
    this.logStartOffset = logStartOffset
  }
}

/** A transaction that did not commit, or of which that is not known. `outcome` says what the caller may do. */
export class TransactionError extends KafkaError {
  override readonly name = 'TransactionError'
  override readonly code = 'WEIR_KAFKA_TRANSACTION'
  readonly outcome: TransactionFailure

  constructor(outcome: TransactionFailure, message: string, options?: ErrorOptions) {
    super(`${message} (outcome: ${outcome})`, outcome === 'aborted', options)
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

/** Bytes of a partition that are not whole, checksummed record batches, or a compression that is not supported. */
export class CorruptBatch extends KafkaError {
  override readonly name = 'CorruptBatch'
  override readonly code = 'WEIR_KAFKA_CORRUPT_BATCH'

  constructor(topic: string, partition: number, baseOffset: number, what: string) {
    super(`Batch at offset ${baseOffset} of partition ${partition} of ${topic}: ${what}`, false)
  }
}

/** The broker can't do what Weir needs. */
export class Unsupported extends KafkaError {
  override readonly name = 'Unsupported'
  override readonly code = 'WEIR_KAFKA_UNSUPPORTED'

  constructor(message: string) {
    super(message, false)
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
