/** Something that breaks a promise. Says where, and of values nothing: leaves by name, and what kind of thing they were. */
export interface Finding {
  /** Number of the promise in the README. */
  readonly promise: 1 | 3 | 5 | 6 | 7 | 8
  /** What is wrong, as a stable word. */
  readonly what: What
  readonly purpose: string | null
  /** Where it is seen. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** The raw (or redriven) record it is about, where one is known. */
  readonly raw: { readonly topic: string; readonly partition: number; readonly offset: number } | null
  readonly leaves: readonly string[]
  readonly expected: string
  readonly found: string
}

export type What =
  | 'leaked-leaf'
  | 'unexplained-record'
  | 'retroactive-grant'
  | 'after-withdrawal'
  | 'wider-than-notice'
  | 'without-consent'
  | 'sensitive-value'
  | 'lost-record'
  | 'repeated-record'
  | 'altered-record'
  | 'out-of-order'
  | 'wrong-partition'
  | 'range-lost'
  | 'range-repeated'
  | 'not-quarantined'
  | 'wrongly-quarantined'
  | 'stale-consent'
  | 'foreign-pseudonym'
  | 'no-audit-record'
  | 'wrong-audit-record'

/** Why something can't be decided any more. */
export type Undecidable =
  | 'raw expired'
  | 'salt gone'
  | 'contract not given'
  | 'schema gone'
  | 'key gone'
  | 'audit record expired'
  | 'topic gone'
  | 'clean record expired'

/** How many records ended in which way. */
export class Count {
  proved = 0
  violated = 0
  readonly undecidable = new Map<Undecidable, number>()

  cannot(why: Undecidable, records = 1): void {
    if (records > 0) this.undecidable.set(why, (this.undecidable.get(why) ?? 0) + records)
  }
}

export interface Outcomes {
  granted: number
  stripped: number
  withheld: number
}

/** What an audit found. */
export class Report {
  chunks = 0
  readonly raw = new Count()
  readonly clean = new Count()
  /** Proved ones, by purpose. */
  readonly outcomes = new Map<string, Outcomes>()
  /** Offsets of raw that chunks moved past and whose records are not there any more; how many held records is not known. */
  rawOffsetsExpired = 0
  readonly findings: Finding[] = []

  outcomesOf(purpose: string): Outcomes {
    const known = this.outcomes.get(purpose) ?? { granted: 0, stripped: 0, withheld: 0 }
    this.outcomes.set(purpose, known)
    return known
  }
}
