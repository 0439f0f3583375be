import type { NeededPurpose, PurposeRule } from '@weir/consent'
import type { Output, Purpose } from '@weir/contracts'

/**
 * The contract as the numbers that the decision rule knows.
 * @throws Error for a contract that names a purpose it does not have, or one output's files that differ in what they
 *   need: the loader lets neither through
 */
export function purposeRule({ purpose, policies, otherwise }: Output, purposes: readonly Purpose[]): PurposeRule {
  const needed = (name: string) => neededPurpose(name, purposes)
  onlyOne(policies.map((policy) => policy.needs.toSorted().join(', ')))
  const sensitiveNeeds = onlyOne(policies.flatMap(({ granted }) => granted.sensitive?.needs ?? []))
  return {
    ...neededPurpose(purpose.name, [purpose]),
    notices: Int32Array.from(policies, (policy) => policy.notice),
    hasOtherwise: otherwise !== null,
    needs: (policies[0]?.needs ?? []).map(needed),
    sensitiveNeeds: sensitiveNeeds === null ? null : needed(sensitiveNeeds),
  }
}

function neededPurpose(name: string, purposes: readonly Purpose[]): NeededPurpose {
  const purpose = purposes.find((candidate) => candidate.name === name)
  if (purpose === undefined) throw new Error(`a policy needs the purpose ${name}, which the contract does not have`)
  return { purpose: name, basis: purpose.basis, gpcDenies: purpose.gpc === 'denies' }
}

function onlyOne(said: readonly string[]): string | null {
  const [first = null, ...others] = new Set(said)
  if (others.length > 0)
    throw new Error(`files of one output need different purposes: ${[first, ...others].join('; ')}`)
  return first
}
