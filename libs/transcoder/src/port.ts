import type { Branch, Path } from '@weir/contracts'
import type { FaultCode } from './faults.ts'

/** Leaves that steer a decision, as the contract names them. */
export interface SteeringPaths {
  readonly subject: Path
  readonly device: Path | null
  readonly eventTime: Path
  /** Boolean leaves; any that is true takes away. */
  readonly ownSignals: readonly Path[]
}

/** What a locator found in one record; written anew for each. */
export interface Located {
  /** UTF-8 of the subject id. May be a view of the record: valid as long as its bytes are. */
  subject: Uint8Array
  /** UTF-8 of the device id; null without one. */
  device: Uint8Array | null
  /** When the event says it happened (Unix milliseconds, rounded down); not yet bounded by its append time. */
  eventTimeMs: number
  ownSignal: boolean
}

/** Finds what steers the decision in records of one writer schema. */
export interface Locator {
  /**
   * Reads the record in [start, end): Avro alone, without the five bytes of the wire format before it. The whole
   * record is checked, not only what is looked for, so what is located can be rewritten.
   * @returns FaultCode.ok, or why the record can't be processed; then `out` means nothing. Never throws for bad bytes.
   */
  locate(bytes: Buffer, start: number, end: number, out: Located): FaultCode
}

/** A writer schema that the contract can't use; the text says why, for an operator. */
export interface Unusable {
  readonly unusable: string
}

/**
 * Gives the pseudonym of a leaf's value: UTF-8 of text, decimal text of a number, the bytes of bytes. The path of a value
 * in a map names its one key, `ids{a}`, whatever keys the policy's line names beside it.
 */
export type Pseudonymize = (path: Path, value: Uint8Array) => string

/** Rewrites records of one writer schema as one branch of one policy lets them through. */
export interface Rewriter {
  /**
   * Clean Avro (without the five bytes of the wire format) of the raw record in [start, end). Null when the event gives
   * no output for this branch: `events` does not list it, or `sensitive` leaves it out.
   * @param pseudonymize null when there is no grant; then the branch may not pseudonymize anything
   * @param sensitiveAllowed whether the purpose that `sensitive` needs is granted too, so that nothing is left out by it
   * @throws RewriteFault for bytes that can't be processed, and for nothing else that lies in the bytes
   */
  rewrite(
    bytes: Buffer,
    start: number,
    end: number,
    pseudonymize: Pseudonymize | null,
    sensitiveAllowed: boolean,
  ): Buffer | null
}

/** @returns a place for `locate` to write to */
export function newLocated(): Located {
  return { subject: new Uint8Array(0), device: null, eventTimeMs: 0, ownSignal: false }
}

export type CompileLocator = (writerSchema: unknown, paths: SteeringPaths) => Locator | Unusable
export type CompileRewriter = (writerSchema: unknown, cleanSchema: unknown, branch: Branch) => Rewriter
