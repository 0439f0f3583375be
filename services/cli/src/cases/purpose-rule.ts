import type { NeededPurpose, PurposeRule } from '@weir/consent'
import type { Output, Purpose } from '@weir/contracts'

/** The contract as the numbers that the decision rule knows; as the sanitizer makes them. */
export function purposeRule({ purpose, policies, otherwise }: Output, purposes: readonly Purpose[]): PurposeRule {
  const branches = [...policies.map((policy) => policy.granted), ...(otherwise === null ? [] : [otherwise])]
  const sensitive = branches.find((branch) => branch.sensitive !== null)?.sensitive
  return {
    ...needed(purpose),
    notices: Int32Array.from(policies, (policy) => policy.notice),
    hasOtherwise: otherwise !== null,
    needs: (policies.at(-1)?.needs ?? []).map((name) => needed(named(name, purposes))),
    sensitiveNeeds: sensitive === null || sensitive === undefined ? null : needed(named(sensitive.needs, purposes)),
  }
}

function needed({ name, basis, gpc }: Purpose): NeededPurpose {
  return { purpose: name, basis, gpcDenies: gpc === 'denies' }
}

function named(name: string, purposes: readonly Purpose[]): Purpose {
  const purpose = purposes.find((one) => one.name === name)
  if (purpose === undefined) throw new Error(`the contract names a purpose that it does not have: ${name}`)
  return purpose
}
