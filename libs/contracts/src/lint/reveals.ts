import type { Verb } from '../model.ts'

/** Beyond these a network is one household, and a place one house: the limits that the loader has for tagged leaves. */
const WIDEST_V4_BITS = 24
const WIDEST_V6_BITS = 48
const MOST_DECIMALS = 2
const MOST_CHARACTERS = 3

/** Whether what the verb gives of a value is still so fine that it tells one person from the next. */
export function reveals(verb: Verb): boolean {
  switch (verb.kind) {
    case 'keep':
    case 'hour':
    case 'day':
      return true
    case 'prefix':
      return verb.v4 > WIDEST_V4_BITS || verb.v6 > WIDEST_V6_BITS
    case 'decimals':
      return verb.digits > MOST_DECIMALS
    case 'first':
      return verb.characters > MOST_CHARACTERS
    case 'month':
    case 'pseudonymize':
    case 'bucket':
    case 'family':
    case 'host':
    case 'routes':
    case 'in':
    case 'set':
      return false
  }
}
