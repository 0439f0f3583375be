import type { Branch, Contracts, Output, Policy, Purpose } from '../../model.ts'

/** What decides for one group of people: those with a grant under a notice, or everyone else. */
export interface View {
  readonly branch: Branch | null
  readonly needs: readonly string[]
  /** The file and the key in it that hold the branch; null when nothing does. */
  readonly file: string | null
  readonly section: 'granted' | 'otherwise'
}

const NOTHING: View = { branch: null, needs: [], file: null, section: 'otherwise' }

/** The newest file whose notice is covered by the one shown with a grant; else what everyone else gets. */
export function viewOfGrant(output: Output | null, notice: number): View {
  const policy = output?.policies.findLast((one) => one.notice <= notice)
  return policy === undefined ? viewWithoutGrant(output) : viewOfPolicy(policy)
}

export function viewOfPolicy({ granted, needs, file }: Policy): View {
  return { branch: granted, needs, file, section: 'granted' }
}

/** What those without a grant get: the newest file's `otherwise`. */
export function viewWithoutGrant(output: Output | null): View {
  const newest = output?.policies.at(-1)
  if (output === null || output.otherwise === null || newest === undefined) return NOTHING
  return { branch: output.otherwise, needs: [], file: newest.file, section: 'otherwise' }
}

export function outputIn(contracts: Contracts, stream: string, purpose: string): Output | null {
  const found = contracts.streams.find((one) => one.name === stream)
  return found?.outputs.find((one) => one.purpose.name === purpose) ?? null
}

export function purposeIn(contracts: Contracts, name: string): Purpose | null {
  return contracts.purposes.find((one) => one.name === name) ?? null
}
