export type PlanErrorCode =
  /** No file there, or not one that this program wrote. */
  | 'WEIR_PLAN_UNREADABLE'
  /** Edited since it was made, or not the one that was begun. */
  | 'WEIR_PLAN_CHANGED'
  | 'WEIR_PLAN_EXPIRED'
  | 'WEIR_PLAN_CANCELLED'
  /** The contract is not the one that was planned with. */
  | 'WEIR_PLAN_CONTRACT'
  /** Another cluster, namespace or raw topic. */
  | 'WEIR_PLAN_ELSEWHERE'
  /** Part of the range is no longer in the log. */
  | 'WEIR_PLAN_RANGE_GONE'

/** A replay plan can't be used. The message says what, where, and what to do. */
export class PlanError extends Error {
  override readonly name = 'PlanError'
  readonly code: PlanErrorCode

  constructor(code: PlanErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Bytes in `weir.topics` that are no record of ours. The message never quotes them. */
export class TopicsRecordError extends Error {
  override readonly name = 'TopicsRecordError'
  readonly code = 'WEIR_TOPICS_RECORD'
}
