/** What was done to the copy, by kind. */
export type FaultKind = 'memberKill' | 'leave' | 'revocation' | 'zombie' | 'brokerKill'

export interface Counted {
  injected: number
  /** Of these, how many hit an open transaction. */
  effective: number
}

/** Milliseconds of several waits. */
export interface Waits {
  readonly count: number
  readonly medianMs: number
  readonly longestMs: number
}

/** Counts while the copy runs. */
export class Tally {
  readonly faults: Record<FaultKind, Counted> = {
    memberKill: { injected: 0, effective: 0 },
    leave: { injected: 0, effective: 0 },
    revocation: { injected: 0, effective: 0 },
    zombie: { injected: 0, effective: 0 },
    brokerKill: { injected: 0, effective: 0 },
  }
  readonly outcomes = { committed: 0, aborted: 0, fenced: 0, unknown: 0 }
  /** From a member's kill to the first commit of a partition it had. */
  readonly afterMemberKill: number[] = []
  /** From a broker's kill until every partition has been in a commit again. */
  readonly afterBrokerKill: number[] = []

  hit(kind: FaultKind, effective: boolean): void {
    this.faults[kind].injected++
    if (effective) this.faults[kind].effective++
  }
}

export function waits(ms: readonly number[]): Waits | null {
  if (ms.length === 0) return null
  const sorted = ms.map(Math.round).sort((a, b) => a - b)
  const medianMs = sorted[sorted.length >> 1] ?? 0
  return { count: sorted.length, medianMs, longestMs: sorted.at(-1) ?? 0 }
}
