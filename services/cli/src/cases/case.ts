import type { PurposeStatus } from '@weir/consent'
import type { Value } from '../events/value.ts'

/** One policy test of cases.yaml, checked against its stream. */
export interface PolicyCase {
  readonly name: string
  /** Path inside the contract folder, and where the case begins (from 1). */
  readonly file: string
  readonly line: number
  readonly event: Value
  readonly consent: Consents
  /** What the event's device answered. */
  readonly device: Consents
  readonly expect: 'quarantined' | ReadonlyMap<string, Expected>
}

/** The clean event with every leaf that is not written as null, or the word for nothing. */
export type Expected = 'withheld' | { readonly event: Value }

/** By purpose; those not named are unknown. */
export type Consents = ReadonlyMap<string, Consent>

export interface Consent {
  readonly status: PurposeStatus
  readonly notice: number
  readonly since: Since
  readonly until: Until
}

export const SINCE = ['before-event', 'after-event'] as const
export type Since = (typeof SINCE)[number]

/** Whether it has run out by the time of processing. */
export const UNTIL = ['ahead', 'passed'] as const
export type Until = (typeof UNTIL)[number]

/** Something is wrong with a file of cases. */
export interface CaseFault {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Sentences without a final full stop. */
  readonly what: string
  readonly mend: string
}
