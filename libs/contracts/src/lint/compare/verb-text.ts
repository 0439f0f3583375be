import type { LeafIs, Verb } from '../../model.ts'
import { pathText } from '../../path.ts'

/** A verb as it stands in a policy. */
export function verbText(verb: Verb): string {
  switch (verb.kind) {
    case 'prefix':
      return `prefix(${verb.v4}, ${verb.v6})`
    case 'decimals':
      return `decimals(${verb.digits})`
    case 'bucket':
      return `bucket(${verb.bounds.join(', ')})`
    case 'first':
      return `first(${verb.characters})`
    case 'routes':
      return `routes(${verb.patterns.join(', ')})`
    case 'in':
      return `in(${verb.file})`
    case 'set':
      return `set(${verb.constant})`
    case 'keep':
    case 'pseudonymize':
    case 'hour':
    case 'day':
    case 'month':
    case 'family':
    case 'host':
      return verb.kind
  }
}

/** What a reader sees of a leaf, in plain words that follow "shows". */
export function verbInWords(verb: Verb): string {
  switch (verb.kind) {
    case 'keep':
      return 'as it is'
    case 'pseudonymize':
      return 'as a pseudonym'
    case 'hour':
    case 'day':
    case 'month':
      return `by the ${verb.kind}`
    case 'prefix':
      return `as its network (${verb.v4} bits of IPv4, ${verb.v6} of IPv6)`
    case 'decimals':
      return verb.digits === 0 ? 'as a whole number' : `with ${verb.digits} decimals`
    case 'bucket':
      return `as a range from ${verb.bounds.join(', ')}`
    case 'family':
      return 'as the kind of browser and system'
    case 'host':
      return 'as the site alone'
    case 'first':
      return `as its first ${verb.characters} characters`
    case 'routes':
      return `as one of ${verb.patterns.length} patterns`
    case 'in':
      return `if it is one of the ${verb.values.size} values of ${verb.file}`
    case 'set':
      return `as "${verb.constant}" whenever it is there`
  }
}

/** `eventType is search or purchase, and page.kind is list` */
export function conditionText(conditions: readonly LeafIs[]): string {
  return conditions.map(({ path, constants }) => `${pathText(path)} is ${constants.join(' or ')}`).join(', and ')
}
