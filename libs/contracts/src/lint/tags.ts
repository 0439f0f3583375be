import { editDistance } from '../nearest.ts'

/** Tags that lint knows beside those that steer (../tags.ts). */
export const QUASI_IDENTIFIER = 'quasi-identifier'
export const FREE_TEXT = 'free-text'
/** A string that holds only words of the producer's own, such as an article number or a country. */
export const CODE = 'code'
/** Put there by `weir contract new`: nobody has looked at the leaf yet. */
export const DRAFTED = 'drafted'

const KNOWN = [QUASI_IDENTIFIER, FREE_TEXT, DRAFTED]

/** Which of lint's tags a tag was probably meant to be; null when it is one, or none. */
export function lintSlipOf(tag: string): string | null {
  if (KNOWN.includes(tag)) return null
  const word = tag.toLowerCase().replaceAll(/[_ ]/g, '-')
  return KNOWN.find((known) => editDistance(word, known) <= 2) ?? null
}

/** Tags by which a value can lead to a person. */
export const LEADS_TO_A_PERSON = ['subject', 'device', 'PII', 'identifier', QUASI_IDENTIFIER]

export function tagAmong(tags: readonly string[], wanted: readonly string[]): string | undefined {
  return wanted.find((tag) => tags.includes(tag))
}
