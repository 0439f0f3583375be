import type { Branch, Path } from '@weir/contracts'
import type { FaultCode } from './faults.ts'
import type { Located } from './read/located.ts'
import type { Marks } from './read/marks.ts'

/** Leaves that steer a decision, as the contract names them. */
export interface SteeringPaths {
  readonly subject: Path
  readonly device: Path | null
  readonly eventTime: Path
  /** Boolean leaves; any that is true takes away. */
  readonly ownSignals: readonly Path[]
  /** The contract's schema (parsed JSON): a writer's field that goes by one of its aliases is the field it names. */
  readonly rawSchema?: unknown
}

/** Finds what steers the decision in records of one writer schema. */
export interface Locator {
  /**
   * Reads the record in [start, end): Avro alone, without the five bytes of the wire format before it. Stops when it has
   * what it looks for: what lies behind is not checked, which is `Transcoder.read`'s.
   * @returns FaultCode.ok, or why the record can't be processed; then `out` means nothing. Never throws for bad bytes.
   */
  locate(bytes: Buffer, start: number, end: number, out: Located): FaultCode
}

/** A writer schema that the contract can't use; the text says why, for an operator. */
export interface Unusable {
  readonly unusable: string
}

/** Where clean bytes go: a buffer that grows, written from `at`. The record of a batch under construction is one. */
export interface Sink {
  /** Replaced when it grows. */
  bytes: Buffer
  /** Over the same memory as `bytes`, from its first byte; replaced with it. */
  view: DataView
  at: number
  /** Makes sure that `count` bytes can be written from `at`. What lies before `at` is kept, and nothing behind it. */
  room(count: number): void
}

/** The longest text of a pseudonym: an epoch of three digits, a point, 32 hex digits. */
export const MAX_PSEUDONYM_BYTES = 36

/** Gives pseudonyms under one grant. */
export interface Pseudonymizer {
  /**
   * Writes the text of the pseudonym (ASCII, at most MAX_PSEUDONYM_BYTES) of the value in `value` [start, end) to `out`
   * at `at`, where there is room for it, and returns how many bytes it wrote.
   * @param field index into `Transcoder.fields`
   * @param value UTF-8 of text, decimal text of a number, the symbol of an enum, the bytes of bytes
   */
  write(field: number, value: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number
}

/** One branch of one policy over one writer schema. */
export interface BranchWriter {
  /** False: the writer schema has a named leaf in a form that can't become the clean one; `write` may not be called. */
  readonly usable: boolean
  /**
   * Appends the clean Avro (without the wire format's five bytes) of a record that `read` has accepted. Never throws
   * for what lies in the bytes.
   * @param record what `read` returned
   * @param pseudonymizer null when there is no grant; then the branch may not pseudonymize anything
   * @param sensitiveAllowed whether the purpose that `sensitive` needs is granted too, so that nothing is left out by it
   * @returns false when the event gives no output for this branch (`events`, `sensitive`): `sink.at` is as it was
   */
  write(
    marks: Marks,
    record: number,
    sink: Sink,
    pseudonymizer: Pseudonymizer | null,
    sensitiveAllowed: boolean,
  ): boolean
}

/** A clean schema (parsed JSON, derived from the contract) and a branch that fills it. */
export interface BranchPart {
  readonly cleanSchema: unknown
  readonly branch: Branch
}

/**
 * Compiled for one writer schema and all branches that may decide over its records. A record is read once, which checks
 * it whole and notes where the values lie that any branch needs; then each deciding branch writes from these marks.
 */
export interface Transcoder {
  /** Leaves that some branch pseudonymizes, one key of a map each: `ids{a}`. */
  readonly fields: readonly Path[]
  /** In the order in which the parts were given. */
  readonly branches: readonly BranchWriter[]
  /**
   * Checks that bytes [start, end) are exactly one record, and marks it.
   * @returns the record's index in `marks` (0 or more), or -FaultCode: nothing was added then. Never throws for bad bytes.
   */
  read(bytes: Buffer, start: number, end: number, marks: Marks): number
}

export type CompileLocator = (writerSchema: unknown, paths: SteeringPaths) => Locator | Unusable
/** @throws CleanSchemaError when a clean schema and its branch don't fit each other */
export type CompileTranscoder = (
  writerSchema: unknown,
  parts: readonly BranchPart[],
  contractSchema?: unknown,
) => Transcoder
