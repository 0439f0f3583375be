import type { ContractFaultCode } from './error.ts'
import type { RawLeaf, Verb } from './model.ts'
import { nearest } from './nearest.ts'
import { routeFault } from './route-pattern.ts'
import { CLEAR_REFUSED_TAGS } from './tags.ts'

export type Refusal = { readonly code: ContractFaultCode; readonly what: string; readonly mend: string }
export type Parsed = { readonly verb: Verb } | { readonly refused: Refusal }

const KNOWN = ['keep', 'pseudonymize', 'hour', 'day', 'routes', 'in']
/** Verbs of the design that this version can't do: refused by name. */
const LATER = ['month', 'prefix', 'decimals', 'bucket', 'family', 'host', 'first', 'set']

/** Verbs after which a reader still sees (part of) the value itself. */
const CLEAR: readonly Verb['kind'][] = ['keep', 'hour', 'day']

/** Reads `keep`, `routes(/p/:sku, /cart)`, `in(lists/x.txt)`. `readList` gives a list file's values. */
export function parseVerb(text: string, readList: (file: string) => ReadonlySet<string> | Refusal): Parsed {
  const match = /^([A-Za-z]+)(?:\((.*)\))?$/s.exec(text.trim())
  if (match === null)
    return refuse('WEIR_CONTRACT_BAD_VERB', `"${text}" is no verb`, `Write one of: ${KNOWN.join(', ')}`)
  const name = match[1] ?? ''
  const args = match[2] === undefined ? [] : match[2].split(',').map((arg) => arg.trim())
  if (args.includes(''))
    return refuse(
      'WEIR_CONTRACT_BAD_VERB',
      `"${text}" has an empty argument`,
      'Write it, or take the comma or the brackets out',
    )
  switch (name) {
    case 'keep':
    case 'pseudonymize':
    case 'hour':
    case 'day':
      if (args.length > 0)
        return refuse('WEIR_CONTRACT_BAD_VERB', `"${name}" takes no arguments`, `Write "${name}" alone`)
      return { verb: { kind: name } }
    case 'routes':
      return routes(args)
    case 'in':
      return inList(args, readList)
    default:
      return unknownVerb(name)
  }
}

function routes(patterns: readonly string[]): Parsed {
  if (patterns.length === 0)
    return refuse('WEIR_CONTRACT_BAD_VERB', '"routes" needs patterns', 'Write routes(/p/:sku, /cart)')
  const fault = routeFault(patterns)
  if (fault !== null) return refuse('WEIR_CONTRACT_BAD_VERB', fault.what, fault.mend)
  return { verb: { kind: 'routes', patterns } }
}

function inList(args: readonly string[], readList: (file: string) => ReadonlySet<string> | Refusal): Parsed {
  const file = args[0]
  if (file === undefined || args.length > 1) {
    return refuse('WEIR_CONTRACT_BAD_VERB', '"in" needs exactly one file', 'Write in(lists/name.txt)')
  }
  const values = readList(file)
  return 'code' in values ? { refused: values } : { verb: { kind: 'in', file, values } }
}

function unknownVerb(name: string): Parsed {
  if (LATER.includes(name)) {
    const mend = 'Leave the leaf out, or use a verb of this version that shows less'
    return refuse('WEIR_CONTRACT_NOT_YET', `this version of Weir does not know the verb "${name}" yet`, mend)
  }
  const like = nearest(name, KNOWN)
  const mend =
    like === null ? `Write one of: ${KNOWN.join(', ')}` : `Did you mean "${like}"? Verbs are: ${KNOWN.join(', ')}`
  return refuse('WEIR_CONTRACT_UNKNOWN_VERB', `unknown verb "${name}"`, mend)
}

/** Why a verb may not be used on a leaf; null when it may. */
export function misfit(
  verb: Verb,
  leaf: RawLeaf,
  enumHasDefault: boolean,
  branch: 'granted' | 'otherwise',
): Refusal | null {
  const path = leaf.path.join('.')
  const wanted = wantedType(verb, leaf)
  if (wanted !== null) {
    const is = leaf.logicalType === undefined ? leaf.type : `${leaf.type} (${leaf.logicalType})`
    return {
      code: 'WEIR_CONTRACT_VERB_MISFIT',
      what: `"${verb.kind}" needs ${wanted}, but ${path} is ${is}`,
      mend: 'Use another verb, or leave the leaf out',
    }
  }
  if (verb.kind === 'pseudonymize' && branch === 'otherwise') {
    const what = `${path} is pseudonymized in "otherwise", where there is no grant to take a pseudonym from`
    return { code: 'WEIR_CONTRACT_PSEUDONYM_WITHOUT_GRANT', what, mend: 'Leave the leaf out of "otherwise"' }
  }
  const mend = `Leave it out${leaf.type === 'string' && branch === 'granted' ? ', or pseudonymize it' : ''}`
  const steering = leaf.tags.find((tag) => tag === 'subject' || tag === 'device')
  if (steering !== undefined && verb.kind !== 'pseudonymize') {
    return {
      code: 'WEIR_CONTRACT_IN_CLEAR',
      what: `${path} has the tag "${steering}" and may only be pseudonymized`,
      mend,
    }
  }
  const personal = CLEAR_REFUSED_TAGS.find((tag) => leaf.tags.includes(tag))
  if (personal !== undefined && CLEAR.includes(verb.kind)) {
    return {
      code: 'WEIR_CONTRACT_IN_CLEAR',
      what: `${path} has the tag "${personal}", and "${verb.kind}" would show it in clear`,
      mend,
    }
  }
  if (leaf.type === 'enum' && !enumHasDefault) {
    const what = `${path} is an enum without an Avro default, so readers of the clean topic could not follow a new symbol`
    return { code: 'WEIR_CONTRACT_ENUM_WITHOUT_DEFAULT', what, mend: 'Give the enum a "default" symbol in event.avsc' }
  }
  return null
}

function wantedType(verb: Verb, leaf: RawLeaf): string | null {
  switch (verb.kind) {
    case 'keep':
      return null
    case 'pseudonymize':
    case 'routes':
    case 'in':
      return leaf.type === 'string' ? null : 'a string'
    case 'hour':
    case 'day': {
      const fits = leaf.logicalType === 'timestamp-millis' || leaf.logicalType === 'timestamp-micros'
      return leaf.type === 'long' && fits ? null : 'a long with logicalType timestamp-millis or timestamp-micros'
    }
  }
}

function refuse(code: ContractFaultCode, what: string, mend: string): Parsed {
  return { refused: { code, what, mend } }
}
