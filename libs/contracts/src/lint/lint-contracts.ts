import { contractsOf } from '../contracts-of.ts'
import { ContractError } from '../error.ts'
import type { Contracts } from '../model.ts'
import type { Finding, LintReport } from './finding.ts'
import { LintContext, type Registered } from './lint-context.ts'
import { eventLeaves } from './rules/event-leaves.ts'
import { freeText } from './rules/free-text.ts'
import { incompatible } from './rules/incompatible.ts'
import { joinKeys } from './rules/join-key.ts'
import { otherwise } from './rules/otherwise.ts'
import { presence } from './rules/presence.ts'
import { pseudonymWithoutSubject } from './rules/pseudonym-without-subject.ts'
import { narrowingLeftOut, wideningWithoutNotice } from './rules/versions.ts'

export interface LintOptions {
  /** The contract as it stood before: a widening is seen beside it. Null or absent: not compared. */
  readonly against?: Contracts | null
  /** Registered versions of schemas by topic (as the contract names it). Absent: compared with `against`. */
  readonly registered?: Registered
}

const RULES: readonly ((context: LintContext) => void)[] = [
  joinKeys,
  freeText,
  otherwise,
  pseudonymWithoutSubject,
  eventLeaves,
  narrowingLeftOut,
  wideningWithoutNotice,
  incompatible,
  presence,
]

/**
 * Looks through a contract, given as texts by path inside its folder. Pure; never throws for what stands in the texts:
 * what keeps it from loading comes as findings too, and the rules then wait until it loads.
 */
export function lintContracts(files: ReadonlyMap<string, string>, options: LintOptions = {}): LintReport {
  let contracts: Contracts
  try {
    contracts = contractsOf(files)
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    const skipped = ['The contract does not load yet; the rest is looked at when it does']
    return { findings: error.faults.map(ofFault), skipped }
  }
  const context = new LintContext(contracts, files, options.against ?? null, options.registered ?? new Map())
  for (const rule of RULES) rule(context)
  return { findings: context.findings.toSorted(byPlace), skipped: [] }
}

function ofFault({ code, file, line, column, what, mend }: ContractError['faults'][number]): Finding {
  return { rule: code, severity: 'error', file, line, column, what, mend }
}

function byPlace(a: Finding, b: Finding): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return a.line - b.line || a.column - b.column
}
