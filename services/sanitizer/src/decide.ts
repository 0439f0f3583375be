import { decidePurpose, sensitiveAllowed, WITHHELD } from '@weir/consent'
import type { Looked } from '@weir/consent-view'
import type { Environment } from './environment.ts'
import { FAULT } from './faults.ts'
import type { Joined } from './join.ts'
import type { Located } from './locate.ts'

/** Rows with what becomes of each for each purpose. */
export interface Decided {
  readonly located: Located
  readonly looked: Looked
  /**
   * By output, then by row: index of the policy that decides, or STRIPPED, or WITHHELD (of @weir/consent).
   * Rows with a fault are WITHHELD everywhere.
   */
  readonly branches: readonly Int16Array[]
  /** By output, then by row: 1 where sensitive values may pass too; 0 in all rows that are not granted. */
  readonly sensitive: readonly Uint8Array[]
}

export function decide(env: Environment, { located, looked }: Joined): Decided {
  const rows = located.fault.length
  const branches = env.outputs.map(() => new Int16Array(rows).fill(WITHHELD))
  const sensitive = env.outputs.map(() => new Uint8Array(rows))
  for (let row = 0; row < rows; row++) {
    if (located.fault[row] !== FAULT.none) continue
    for (let output = 0; output < branches.length; output++) {
      const branch = branches[output] as Int16Array
      const passes = sensitive[output] as Uint8Array
      branch[row] = decideRow(env, located, looked, row, output)
      passes[row] = sensitiveOfRow(env, located, looked, row, output)
    }
  }
  return { located, looked, branches, sensitive }
}

/** One row for one output; also asked again by the fence for people who changed in the meantime. */
export function decideRow(env: Environment, located: Located, looked: Looked, row: number, output: number): number {
  const { rule } = env.outputs[output] as Environment['outputs'][number]
  return decidePurpose(
    rule,
    looked.states[located.subject[row] as number] ?? null,
    looked.states[located.device[row] as number] ?? null,
    located.eventTimeMs[row] as number,
    located.ownSignal[row] === 1,
    env.consent.tickTimeMs,
  )
}

/** Whether sensitive values of one row may pass for one output, as 0 or 1. */
export function sensitiveOfRow(env: Environment, located: Located, looked: Looked, row: number, output: number): 0 | 1 {
  const { rule } = env.outputs[output] as Environment['outputs'][number]
  const allowed = sensitiveAllowed(
    rule,
    looked.states[located.subject[row] as number] ?? null,
    looked.states[located.device[row] as number] ?? null,
    located.eventTimeMs[row] as number,
    located.ownSignal[row] === 1,
    env.consent.tickTimeMs,
  )
  return allowed ? 1 : 0
}
