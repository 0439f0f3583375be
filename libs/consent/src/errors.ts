/**
 * Bytes that are no record of ours: an unknown version, another schema, cut short, out of order. Callers fail closed:
 * nothing is decided from them. The message never quotes the bytes.
 */
export class ConsentRecordError extends Error {
  readonly code = 'WEIR_CONSENT_RECORD'
  override readonly name = 'ConsentRecordError'
}

/** A record that must not be written: a reference, id, salt or list that the schema can't hold faithfully. */
export class ConsentValueError extends Error {
  readonly code = 'WEIR_CONSENT_VALUE'
  override readonly name = 'ConsentValueError'
}

/**
 * A ledger record was folded over a state that already holds later ones. Nothing of the record's or the state's bytes is
 * wrong: the caller has folded out of order, or another process has folded further, or the state is of another ledger.
 */
export class FoldOrderError extends Error {
  readonly code = 'WEIR_CONSENT_FOLD_ORDER'
  override readonly name = 'FoldOrderError'

  constructor(offset: number, position: number) {
    super(
      `ledger offset ${offset} lies before the state's position ${position}: fold records once and in order, ` +
        'and never over a state of another ledger',
    )
  }
}
