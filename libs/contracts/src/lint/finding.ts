import type { ContractFaultCode } from '../error.ts'

/** What lint looks for beside the loader's own faults. Stable: tools and docs refer to them. */
export type LintRule =
  | 'WEIR_LINT_JOIN_KEY'
  | 'WEIR_LINT_FREE_TEXT'
  | 'WEIR_LINT_OTHERWISE'
  | 'WEIR_LINT_PSEUDONYM_WITHOUT_SUBJECT'
  | 'WEIR_LINT_UNUSED_TAG'
  | 'WEIR_LINT_UNKNOWN_TAG'
  | 'WEIR_LINT_DOC'
  | 'WEIR_LINT_DRAFT'
  | 'WEIR_LINT_WIDENING'
  | 'WEIR_LINT_NARROWING'
  | 'WEIR_LINT_INCOMPATIBLE'
  | 'WEIR_LINT_PRESENCE'

/**
 * `error`: must not ship. `warning`: almost always a mistake, and a person decides. `note`: nothing is wrong; it is
 * said so that a reviewer knows.
 */
export type Severity = 'error' | 'warning' | 'note'

export interface Finding {
  readonly rule: LintRule | ContractFaultCode
  readonly severity: Severity
  /** Path inside the contract folder, with forward slashes. */
  readonly file: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
  /** What is wrong, and how to mend it: sentences without a final full stop. */
  readonly what: string
  readonly mend: string
}

export interface LintReport {
  /** In order of file, line and column. */
  readonly findings: readonly Finding[]
  /** What could not be looked at, and why; sentences without a final full stop. */
  readonly skipped: readonly string[]
}
