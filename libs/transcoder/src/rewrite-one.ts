import { ByteSink } from './byte-sink.ts'
import { FaultCode, RewriteFault } from './faults.ts'
import type { Pseudonymizer, Transcoder } from './port.ts'
import { Marks } from './read/marks.ts'

/**
 * Takes one record through one branch, for those who have no batch of them.
 * @param branchIndex into `transcoder.branches`
 * @returns the clean Avro; null when the event gives no output for this branch
 * @throws RewriteFault for bytes that can't be processed, or a branch that can't be used with the writer schema
 */
export function rewriteOne(
  transcoder: Transcoder,
  branchIndex: number,
  bytes: Buffer,
  start: number,
  end: number,
  pseudonymizer: Pseudonymizer | null,
  sensitiveAllowed: boolean,
): Buffer | null {
  const branch = transcoder.branches[branchIndex]
  if (branch === undefined) throw new RangeError('the transcoder has no such branch')
  if (!branch.usable) throw new RewriteFault(FaultCode.unusableSchema)
  const marks = new Marks()
  const record = transcoder.read(bytes, start, end, marks)
  if (record < 0) throw new RewriteFault(-record as FaultCode)
  const sink = new ByteSink()
  return branch.write(marks, record, sink, pseudonymizer, sensitiveAllowed) ? sink.written() : null
}
