import { Api } from '../../support/kafka-proxy.ts'
import { FrameReader } from './frame-reader.ts'

/** Error codes that tell a process that another has its place. */
export const FENCED: ReadonlyMap<number, string> = new Map([
  [22, 'ILLEGAL_GENERATION'],
  [25, 'UNKNOWN_MEMBER_ID'],
  [47, 'INVALID_PRODUCER_EPOCH'],
  [90, 'PRODUCER_FENCED'],
  [110, 'FENCED_MEMBER_EPOCH'],
  [113, 'STALE_MEMBER_EPOCH'],
])

/** The coordinator is busy, moving or not there: the same request may be sent again and means the same. */
const AGAIN: ReadonlySet<number> = new Set([14, 15, 16, 51])

export function isAskedAgain(code: number): boolean {
  return AGAIN.has(code)
}

/** Whether a Produce belongs to a transaction. */
export function isTransactional(produce: Buffer): boolean {
  return FrameReader.ofRequest(produce).text() !== null
}

export interface OffsetCommit {
  readonly group: string
  readonly positions: readonly (readonly [partition: number, next: number])[]
}

/** What a TxnOffsetCommit (version 3 and later) asks for; of one topic, as our services have it. */
export function offsetCommitOf(request: Buffer): OffsetCommit {
  const reader = FrameReader.ofRequest(request)
  reader.text()
  const group = reader.text() ?? ''
  reader.int64()
  reader.int16()
  reader.int32()
  reader.text()
  reader.text()
  const topics = reader.array(() => {
    reader.text()
    const positions = reader.array(() => {
      const position = [reader.int32(), reader.int64()] as const
      reader.int32()
      reader.text()
      reader.tags()
      return position
    })
    reader.tags()
    return positions
  })
  return { group, positions: topics.flat() }
}

/** Whether an EndTxn (version 3 and later) is a commit. */
export function isCommit(request: Buffer): boolean {
  const reader = FrameReader.ofRequest(request)
  reader.text()
  reader.int64()
  reader.int16()
  return reader.bool()
}

/** The first error code of a response that is not 0; 0 also where this API's responses are not read. */
export function errorOf(apiKey: number, response: Buffer): number {
  const reader = FrameReader.ofResponse(response)
  switch (apiKey) {
    case Api.produce:
      return firstOf(reader, () => {
        const code = reader.int16()
        for (let skipped = 0; skipped < 3; skipped++) reader.int64()
        reader.array(() => {
          reader.int32()
          reader.text()
          reader.tags()
        })
        reader.text()
        return code
      })
    case Api.txnOffsetCommit:
      reader.int32()
      return firstOf(reader, () => reader.int16())
    case Api.endTxn:
    case Api.initProducerId:
    case Api.heartbeat:
      reader.int32()
      return reader.int16()
    default:
      return 0
  }
}

/** Of topics with partitions: `read` reads what follows a partition's number. */
function firstOf(reader: FrameReader, read: () => number): number {
  const codes = reader.array(() => {
    reader.text()
    const of = reader.array(() => {
      reader.int32()
      const code = read()
      reader.tags()
      return code
    })
    reader.tags()
    return of
  })
  return codes.flat().find((code) => code !== 0) ?? 0
}
