import type { Path } from '@weir/contracts'

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
