import type { EventLeaf } from './event-schema.ts'
import { isList, isObject } from './json.ts'
import { takes, verbWords } from './language-verbs.ts'
import type { Constant, Path, RawLeaf, Verb } from './model.ts'
import { nearest } from './nearest.ts'
import { pathText } from './path.ts'
import { CLEAR_REFUSED_TAGS } from './tags.ts'
import type { Refusal } from './verbs.ts'

export type BranchName = 'granted' | 'otherwise'

/** The verb as it fits the leaf (the constant of `set` gets the leaf's type), or why it may not be used on it. */
export function fitted(verb: Verb, path: Path, leaf: EventLeaf, branch: BranchName): Verb | Refusal {
  const name = pathText(path)
  const { raw } = leaf
  if (!takes(verb.kind, raw.type, raw.logicalType)) {
    return {
      code: 'WEIR_CONTRACT_VERB_MISFIT',
      what: `"${verb.kind}" needs ${verbWords(verb.kind).takes.words}, but ${name} is ${typeText(raw)}`,
      mend: 'Use another verb, or leave the leaf out',
    }
  }
  if (verb.kind === 'pseudonymize' && branch === 'otherwise') {
    const what = `${name} is pseudonymized in "otherwise", where there is no grant to take a pseudonym from`
    return { code: 'WEIR_CONTRACT_PSEUDONYM_WITHOUT_GRANT', what, mend: 'Leave the leaf out of "otherwise"' }
  }
  const inClear = clearFault(verb, name, raw, branch)
  if (inClear !== null) return inClear
  if (raw.type === 'enum' && !leaf.enumHasDefault) {
    const what = `${name} is an enum without an Avro default, so readers of the clean topic could not follow a new symbol`
    return { code: 'WEIR_CONTRACT_ENUM_WITHOUT_DEFAULT', what, mend: 'Give the enum a "default" symbol in event.avsc' }
  }
  if (verb.kind === 'set') return typedSet(String(verb.constant), name, leaf)
  return verb.kind === 'bucket' ? wholeBounds(verb, name, raw) : verb
}

/** What the tags of a leaf forbid: its value must not leave in clear, nor nearly so. */
function clearFault(verb: Verb, name: string, leaf: RawLeaf, branch: BranchName): Refusal | null {
  const text = leaf.type === 'string' && branch === 'granted'
  const mend = `Leave it out${text ? ', or pseudonymize it' : ''}`
  const steering = leaf.tags.find((tag) => tag === 'subject' || tag === 'device')
  if (steering !== undefined && verb.kind !== 'pseudonymize') {
    const what = `${name} has the tag "${steering}" and may only be pseudonymized`
    return { code: 'WEIR_CONTRACT_IN_CLEAR', what, mend }
  }
  const personal = CLEAR_REFUSED_TAGS.filter((tag) => leaf.tags.includes(tag))
  const [tag] = personal
  if (tag === undefined || coarseEnough(verb, personal)) return null
  const limit = verbWords(verb.kind).personal
  const what = `${name} has the tag "${tag}", and "${verb.kind}" would show it in clear`
  const coarser = limit.startsWith('at most') ? ` (on such a leaf ${limit})` : ''
  return {
    code: 'WEIR_CONTRACT_IN_CLEAR',
    what: what + coarser,
    mend: coarser === '' ? mend : `Show less, or leave it out`,
  }
}

/**
 * Whether a leaf tagged PII or identifier may pass so. The limits are those in common use: three characters of a postal
 * code (HIPAA, 45 CFR 164.514(b)(2)(i)(B)), a network of 24 or 48 bits (what web analytics call a masked address), about
 * a kilometre. language-verbs.ts tells them in words.
 */
function coarseEnough(verb: Verb, personal: readonly string[]): boolean {
  switch (verb.kind) {
    case 'keep':
    case 'hour':
    case 'day':
    case 'month':
      return false
    case 'first':
      return verb.characters <= 3 && !personal.includes('identifier')
    case 'prefix':
      return verb.v4 <= 24 && verb.v6 <= 48
    case 'decimals':
      return verb.digits <= 2
    case 'pseudonymize':
    case 'bucket':
    case 'family':
    case 'host':
    case 'routes':
    case 'in':
    case 'set':
      return true
  }
}

function typedSet(text: string, name: string, leaf: EventLeaf): Verb | Refusal {
  const { raw } = leaf
  const refuse = (mend: string): Refusal => ({
    code: 'WEIR_CONTRACT_BAD_VERB',
    what: `"${text}" is no value of ${name}, which is ${typeText(raw)}`,
    mend,
    offset: 'set('.length,
  })
  const constant = constantOf(text, raw.type)
  if (constant === null)
    return refuse(raw.type === 'boolean' ? 'Write true or false' : 'Write a number that fits the type')
  if (raw.type === 'enum') {
    const symbols = symbolsOf(leaf)
    if (!symbols.includes(text)) return refuse(symbolMend(text, symbols))
  }
  return { kind: 'set', constant }
}

function constantOf(text: string, type: string): Constant | null {
  if (type === 'string' || type === 'enum') return text
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : null
  if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return null
  const number = Number(text)
  return numberFits(number, type) ? number : null
}

function wholeBounds(verb: Verb & { kind: 'bucket' }, name: string, leaf: RawLeaf): Verb | Refusal {
  const bound = verb.bounds.find((one) => !numberFits(one, leaf.type))
  if (bound === undefined) return verb
  const what = `the bound ${bound} is no value of ${name}, which is ${leaf.type}`
  return { code: 'WEIR_CONTRACT_BAD_VERB', what, mend: 'Write bounds that the leaf can hold' }
}

/** Whether a number is a value of an Avro type. Longs beyond 2^53 can't be written in a contract. */
export function numberFits(number: number, type: string): boolean {
  switch (type) {
    case 'int':
      return Number.isInteger(number) && Math.abs(number + 0.5) < 2 ** 31
    case 'long':
      return Number.isSafeInteger(number)
    case 'float':
      return Number.isFinite(Math.fround(number))
    case 'double':
      return Number.isFinite(number)
    default:
      return false
  }
}

export function symbolsOf(leaf: EventLeaf): readonly string[] {
  const { schema } = leaf.node
  const symbols = isObject(schema) ? schema['symbols'] : undefined
  return isList(symbols) ? symbols.filter((symbol) => typeof symbol === 'string') : []
}

export function symbolMend(text: string, symbols: readonly string[]): string {
  const like = nearest(text, symbols)
  return like === null ? `Its symbols are: ${symbols.join(', ')}` : `Did you mean ${like}?`
}

export function typeText(leaf: RawLeaf): string {
  return leaf.logicalType === undefined ? leaf.type : `${leaf.type} (${leaf.logicalType})`
}
