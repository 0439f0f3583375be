import { ConsentRecordError, ConsentValueError } from './errors.ts'
import { type SubjectRef, TICK_KEY } from './model.ts'

const REF_BYTES = 16
const REF_PATTERN = /^[0-9a-f]{32}$/

/** Key of tick records in the ledger and in `consent.state`. Too short to be taken for a ref's. */
export const tickKey: Buffer = Buffer.from(TICK_KEY)

/** Whether bytes [start, end) are the key of a tick. */
export function isTickKey(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
  if (end - start !== TICK_KEY.length) return false
  for (let i = 0; i < TICK_KEY.length; i++) if (bytes[start + i] !== TICK_KEY[i]) return false
  return true
}

/** The 16 bytes of a ref. @throws ConsentValueError when it is not 32 lower-case hex digits */
export function refToBytes(ref: SubjectRef): Buffer {
  if (!REF_PATTERN.test(ref)) throw new ConsentValueError('a ref is 32 lower-case hex digits')
  return Buffer.from(ref, 'hex')
}

/** The ref in the 16 bytes from `start` on. @throws ConsentRecordError when there are fewer */
export function refFromBytes(bytes: Uint8Array, start = 0): SubjectRef {
  if (start < 0 || start + REF_BYTES > bytes.length) throw new ConsentRecordError('a ref needs 16 bytes')
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, REF_BYTES).toString('hex') as SubjectRef
}

/** Key of a decision in the ledger: ref ‖ 16 random bytes, so that compaction never removes a decision. */
export function ledgerKey(ref: SubjectRef, random16: Uint8Array): Buffer {
  if (random16.length !== 16) throw new ConsentValueError('a ledger key needs 16 random bytes')
  return Buffer.concat([refToBytes(ref), random16])
}

/** Key of a state record: the ref's 16 bytes. */
export function stateKey(ref: SubjectRef): Buffer {
  return refToBytes(ref)
}
