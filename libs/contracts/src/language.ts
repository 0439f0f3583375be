/**
 * The language of contracts as data: each key, each verb, each tag, in plain words. The loader checks by it; the JSON
 * Schemas that editors use and docs/reference/policy-language.md are generated from it (`npm run generate -w
 * @weir/contracts`), so that the three never tell different stories. What verbs do to values is the transcoder's.
 */
export type { KeyWords } from './language-key.ts'
export { casesKeys, policyKeys, purposeKeys, sensitiveKeys } from './language-keys.ts'
export { languagePage } from './language-page.ts'
export { languageSchemas } from './language-schemas.ts'
export { tagWords } from './language-tags.ts'
export type { VerbKind, VerbWords } from './language-verb.ts'
export { verbs } from './language-verbs.ts'
