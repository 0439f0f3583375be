/** Every code an answer may carry. The README lists them with the mend. */
export type ConsentErrorCode =
  | 'WEIR_CONSENT_UNAUTHORIZED'
  | 'WEIR_CONSENT_INVALID_REQUEST'
  | 'WEIR_CONSENT_UNKNOWN_PURPOSE'
  | 'WEIR_CONSENT_NOTICE_NOT_IN_FORCE'
  | 'WEIR_CONSENT_DECISION_ID_TAKEN'
  | 'WEIR_CONSENT_STATE_HELD'
  | 'WEIR_CONSENT_LEDGER_UNSURE'
  | 'WEIR_CONSENT_HISTORY_AWAY'
  | 'WEIR_CONSENT_UNKNOWN_DECISION'
  | 'WEIR_CONSENT_UNKNOWN_ERASURE'
  | 'WEIR_CONSENT_NOT_FOUND'
  | 'WEIR_CONSENT_LINK_EXPIRED'
  | 'WEIR_CONSENT_FORM_STALE'
  | 'WEIR_CONSENT_BODY_TOO_LARGE'
  | 'WEIR_CONSENT_MEDIA_TYPE'
  | 'WEIR_CONSENT_INTERNAL'

export interface ConsentErrorDetails {
  readonly status: number
  readonly code: ConsentErrorCode
  /** What is wrong. Never quotes what was sent. */
  readonly message: string
  /** Path of the field in the body, such as `purposes[1]`. */
  readonly where?: string
  /** What the caller can do. */
  readonly mend: string
  readonly retryAfterS?: number
  /** The decision that may or may not have been recorded: repeat the request with it. */
  readonly decisionId?: string
}

/** A request that can't be answered as asked; becomes `{code, message, where?, mend, decisionId?}`. */
export class ConsentError extends Error {
  override readonly name = 'ConsentError'
  readonly code: ConsentErrorCode
  readonly details: ConsentErrorDetails

  constructor(details: ConsentErrorDetails, options?: ErrorOptions) {
    super(details.message, options)
    this.code = details.code
    this.details = details
  }

  /** The JSON body of the answer. */
  body(): Record<string, string> {
    const { code, message, where, mend, decisionId } = this.details
    return {
      code,
      message,
      ...(where === undefined ? {} : { where }),
      mend,
      ...(decisionId === undefined ? {} : { decisionId }),
    }
  }
}

/** A field of the body that is missing or wrong. */
export function invalid(where: string, message: string, mend: string): ConsentError {
  return new ConsentError({ status: 400, code: 'WEIR_CONSENT_INVALID_REQUEST', message, where, mend })
}

export function stateHeld(reason: string, retryAfterMs: number): ConsentError {
  return new ConsentError({
    status: 503,
    code: 'WEIR_CONSENT_STATE_HELD',
    message: `The state of consent can't be told right now (${reason}).`,
    mend: 'Ask again after the time in Retry-After. A withdrawal or objection can be recorded all the same.',
    retryAfterS: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  })
}

export function ledgerUnsure(decisionId: string, cause: unknown): ConsentError {
  return new ConsentError(
    {
      status: 503,
      code: 'WEIR_CONSENT_LEDGER_UNSURE',
      message: 'The ledger did not confirm the decision: it may be recorded or not.',
      mend: 'Send the same request again with this decisionId; recording it twice changes nothing.',
      retryAfterS: 1,
      decisionId,
    },
    { cause },
  )
}
