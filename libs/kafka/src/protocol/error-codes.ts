import { type ErrorClass, type ErrorRow, errorTable, type Points, type RequestName } from './error-table.ts'

export type { ErrorClass, RequestName } from './error-table.ts'

const rows: ReadonlyMap<number, ErrorRow> = new Map(errorTable.map((row) => [row.code, row]))

/** Requests that write. A code of tomorrow says nothing certain of what they did. */
const writes: ReadonlySet<RequestName> = new Set(['TxnOffsetCommit', 'OffsetCommit', 'Produce', 'Append', 'EndTxn'])

/** Numeric codes by name, as far as the code or its tests speak of them. */
export const Code = {
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  RECORD_LIST_TOO_LARGE: 18,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  TOPIC_ALREADY_EXISTS: 36,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  CONCURRENT_TRANSACTIONS: 51,
  PRODUCER_FENCED: 90,
  FENCED_MEMBER_EPOCH: 110,
  TRANSACTION_ABORTABLE: 120,
} as const

/** Name of a broker's error code, for messages. */
export function codeName(code: number): string {
  return rows.get(code)?.name ?? `ERROR_${code}`
}

/**
 * What is done about an error code, as an answer to `request` where that matters. A code that is not known is fatal
 * for what reads, and leaves the outcome of what writes unknown.
 */
export function classOf(code: number, request?: RequestName): ErrorClass {
  const row = rows.get(code)
  if (row === undefined) return request !== undefined && writes.has(request) ? 'recover' : 'fatal'
  return (request === undefined ? undefined : row.except?.[request]?.[0]) ?? row.class
}

/** Whether the same request may succeed later. */
export function isRetriable(code: number, request?: RequestName): boolean {
  const of = classOf(code, request)
  return of === 'retry' || of === 'refresh'
}

/** The partition has moved or its leader is not known: metadata must be read again. */
export function isStaleMetadata(code: number): boolean {
  return classOf(code) === 'refresh' && pointsOf(code) === 'leader'
}

/** The coordinator has moved or there is none yet: find it again, then try again. */
export function isCoordinatorMove(code: number): boolean {
  return classOf(code) === 'refresh' && pointsOf(code) === 'coordinator'
}

/** What an error points to: who is to be asked anew, or who fences. */
export function pointsOf(code: number): Points | undefined {
  return rows.get(code)?.points
}
