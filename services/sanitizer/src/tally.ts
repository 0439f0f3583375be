/** What a committed chunk did, counted for metrics. Rows of one purpose: granted + stripped + withheld + quarantined. */
export interface Tally {
  readonly rows: number
  /** Reason code -> rows. */
  readonly quarantined: ReadonlyMap<string, number>
  /** One entry an output, in the order of the stream's outputs. */
  readonly outputs: readonly OutputTally[]
}

export interface OutputTally {
  granted: number
  stripped: number
  withheld: number
}
