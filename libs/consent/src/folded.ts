import type { ConsentState, Decision, ForgetOrder } from './model.ts'

/** Where the ledger holds the decision. */
export interface LedgerPlace {
  readonly offset: number
  /** LogAppendTime of the record (ms). */
  readonly appendTimeMs: number
}

/** Where the salts of new grants come from; passed in, so that the fold itself is pure. */
export interface SaltSource {
  /** 16 new random bytes as 32 hex digits; called once for each grant that begins. */
  salt(): string
  /** Key epoch of grants that begin now. */
  readonly epoch: number
}

/** A grant that ended: its salt is in no state any more, its pseudonym is to be forgotten. */
export interface EndedGrant {
  readonly purpose: string
  readonly epoch: number
  readonly salt: string
  readonly reason: ForgetOrder['reason']
}

export interface Folded {
  readonly state: ConsentState
  /** `repeated`: the decision id was folded before; only the position moved on. */
  readonly outcome: 'applied' | 'refused' | 'repeated'
  readonly ended: readonly EndedGrant[]
  /**
   * Refusals of this device that hold for the subjects it is linked to as well: to be appended to the ledger together
   * with the state. Empty for repeats: the fold of the first gave them.
   */
  readonly carried: readonly Decision[]
}
