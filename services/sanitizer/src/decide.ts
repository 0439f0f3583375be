import { decidePurpose, WITHHELD } from '@weir/consent'
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
}

export function decide(env: Environment, { located, looked }: Joined): Decided {
  const branches = env.outputs.map(() => new Int16Array(located.fault.length).fill(WITHHELD))
  for (let row = 0; row < located.fault.length; row++) {
    if (located.fault[row] !== FAULT.none) continue
    for (let output = 0; output < branches.length; output++) {
      const branch = branches[output] as Int16Array
      branch[row] = decideRow(env, located, looked, row, output)
    }
  }
  return { located, looked, branches }
}

/** One row for one output; also asked again by the fence for people who changed in the meantime. */
export function decideRow(env: Environment, located: Located, looked: Looked, row: number, output: number): number {
  const { rule } = env.outputs[output] as Environment['outputs'][number]
  const subject = looked.states[located.subject[row] as number] ?? null
  const deviceIndex = located.device[row] as number
  const device = deviceIndex < 0 ? null : (looked.states[deviceIndex] ?? null)
  return decidePurpose(
    rule,
    subject?.purposes[rule.purpose],
    device?.purposes[rule.purpose],
    located.eventTimeMs[row] as number,
    located.ownSignal[row] === 1,
    env.consent.tickTimeMs,
  )
}
