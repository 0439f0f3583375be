import { FoldOrderError } from '@weir/consent'
import { OffsetOutOfRange } from '@weir/kafka'
import { KeyEpochMissingError } from '@weir/pseudonym'

/** The projector can't go on without someone deciding something. It never resets a position by itself. */
export class ProjectorStopped extends Error {
  override readonly name = 'ProjectorStopped'
  readonly code: ProjectorStopCode

  constructor(code: ProjectorStopCode, message: string) {
    super(message)
    this.code = code
  }
}

export type ProjectorStopCode =
  | 'WEIR_LEDGER_TRUNCATED'
  | 'WEIR_LEDGER_OFFSET_LOST'
  | 'WEIR_LEDGER_OFFSET_OUT_OF_RANGE'
  | 'WEIR_CONSENT_STATE_LOST'
  | 'WEIR_CONSENT_STATE_REPLACED'

/** A record of the ledger that can't be folded. Its partition stops there: what comes after may take something away. */
export class LedgerRecordError extends Error {
  override readonly name = 'LedgerRecordError'
  readonly code = 'WEIR_LEDGER_RECORD'

  constructor(partition: number, offset: number, why: string) {
    super(
      `consent.decisions partition ${partition}, offset ${offset}: ${why}. This partition stops here and its subjects ` +
        'are held everywhere. If a newer version wrote it, update the projector; else find out who else may write the ledger',
    )
  }
}

/** Operating errors mend themselves and are tried again; a bug, or what only a person can decide, is not. */
export function isFinal(error: unknown): boolean {
  if (error instanceof OffsetOutOfRange || error instanceof ProjectorStopped) return true
  // Keys are read at start: trying again would only hide that an ended grant's pseudonym can't be told.
  if (error instanceof KeyEpochMissingError) return true
  return error instanceof FoldOrderError || error instanceof TypeError || error instanceof RangeError
}

/** The error to end with: says what it means for the ledger. */
export function finalError(error: unknown): unknown {
  if (!(error instanceof OffsetOutOfRange)) return error
  const message =
    `${error.message}. The committed offset is not in the ledger: decisions were lost, or the ledger was made anew. ` +
    'The projector never resets its position by itself'
  return new ProjectorStopped('WEIR_LEDGER_OFFSET_OUT_OF_RANGE', message)
}
