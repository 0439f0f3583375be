import { type Reason, reasonOfPurpose } from '@weir/consent'
import type { DecidedCounts } from '@weir/replay'
import type { Environment } from './environment.ts'
import { FAULT } from './faults.ts'
import type { Rewritten } from './rewrite.ts'

/** What becomes of the records of one purpose, and why they are not granted. */
export interface OutputCounts {
  readonly purpose: string
  readonly now: DecidedCounts
  readonly reasons: Record<string, number>
}

/** Granted by consent, but nothing of it is shown: the policy names no such event, or a sensitive value held it back. */
const NOT_SHOWN = 'not-shown'

/** Sums over chunks that were decided and rewritten, and not published. */
export class ReplayCounts {
  records = 0
  faulty = 0
  /** Keys and values of the raw records. */
  bytes = 0
  /** Earliest append time of a raw record (Unix ms); Infinity when there was none. */
  firstMs = Number.POSITIVE_INFINITY
  readonly outputs: readonly OutputCounts[]

  constructor(purposes: readonly string[]) {
    this.outputs = purposes.map((purpose) => ({
      purpose,
      now: { granted: 0, stripped: 0, withheld: 0 },
      reasons: {},
    }))
  }

  add(env: Environment, rewritten: Rewritten): void {
    const { decided, fault, tally } = rewritten
    const { rows } = decided.located.chunk
    this.records += rows.count
    for (let row = 0; row < rows.count; row++) {
      if (fault[row] !== FAULT.none) this.faulty++
      this.firstMs = Math.min(this.firstMs, rows.timestampMs[row] as number)
      this.bytes += (rows.keyEnd[row] as number) - (rows.keyStart[row] as number)
      this.bytes += (rows.valueEnd[row] as number) - (rows.valueStart[row] as number)
    }
    for (const [output, counts] of this.outputs.entries()) {
      const written = tally.outputs[output] as DecidedCounts
      counts.now.granted += written.granted
      counts.now.stripped += written.stripped
      counts.now.withheld += written.withheld
      this.#addReasons(env, rewritten, output, counts.reasons)
    }
  }

  #addReasons(
    env: Environment,
    { decided, fault, tally }: Rewritten,
    output: number,
    reasons: OutputCounts['reasons'],
  ) {
    const count = (reason: string, by: number) => {
      if (by > 0) reasons[reason] = (reasons[reason] ?? 0) + by
    }
    let allowed = 0
    for (let row = 0; row < fault.length; row++) {
      if (fault[row] !== FAULT.none) continue
      if (((decided.branches[output] as Int16Array)[row] as number) >= 0) allowed++
      else count(reasonOfRow(env, decided, row, output), 1)
    }
    count(NOT_SHOWN, allowed - (tally.outputs[output]?.granted ?? 0))
  }
}

function reasonOfRow(env: Environment, { located, looked }: Rewritten['decided'], row: number, output: number): Reason {
  const { rule } = env.outputs[output] as Environment['outputs'][number]
  const reason = reasonOfPurpose(
    rule,
    looked.states[located.subject[row] as number] ?? null,
    looked.states[located.device[row] as number] ?? null,
    located.eventTimeMs[row] as number,
    located.ownSignal[row] === 1,
    env.consent.tickTimeMs,
  )
  // Time only goes on: what was not granted when it was decided is not granted now.
  if (reason === null) throw new Error('a row that is not granted has a reason')
  return reason
}
