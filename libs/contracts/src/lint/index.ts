export type { Change, ChangeAbout } from './compare/change.ts'
export {
  type Audience,
  type AudienceChanges,
  compareContracts,
  type OutputChanges,
} from './compare/compare-contracts.ts'
export { durationText } from './compare/duration-text.ts'
export type { Order } from './compare/verb-order.ts'
export { conditionText, verbInWords, verbText } from './compare/verb-text.ts'
export type { Finding, LintReport, LintRule, Severity } from './finding.ts'
export type { Registered } from './lint-context.ts'
export { type LintOptions, lintContracts } from './lint-contracts.ts'
export { CODE, DRAFTED, FREE_TEXT, QUASI_IDENTIFIER } from './tags.ts'
