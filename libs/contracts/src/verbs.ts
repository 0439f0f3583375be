import type { ContractFaultCode } from './error.ts'
import type { VerbKind } from './language-verb.ts'
import { verbs, verbWords } from './language-verbs.ts'
import type { Verb } from './model.ts'
import { nearest } from './nearest.ts'
import { routeFault } from './route-pattern.ts'

export interface Refusal {
  readonly code: ContractFaultCode
  readonly what: string
  readonly mend: string
  /** Where in the verb's text; absent: the whole. */
  readonly offset?: number
}

export type Parsed = { readonly verb: Verb } | { readonly refused: Refusal }

/** Gives the values of a list file, or says what is wrong with naming it. */
export type ReadList = (file: string) => ReadonlySet<string> | Refusal

interface Argument {
  readonly text: string
  readonly offset: number
}

const NAMES = verbs.map((verb) => verb.kind)

/**
 * Reads `keep`, `routes(/p/:sku, /cart)`, `in(lists/x.txt)`. The constant of `set` is text as yet; what type it has to
 * be is known with the leaf (verb-fit.ts).
 */
export function parseVerb(text: string, readList: ReadList): Parsed {
  const match = /^([A-Za-z]+)(?:\((.*)\))?$/s.exec(text)
  if (match === null) return bad(`"${text}" is no verb`, `Write one of: ${NAMES.join(', ')}`)
  const name = match[1] ?? ''
  const kind = NAMES.find((known) => known === name)
  if (kind === undefined) return unknownVerb(name)
  const inside = match[2]
  if (kind === 'set') return setConstant(inside)
  const args = inside === undefined ? [] : split(inside, name.length + 1)
  const empty = args.find((arg) => arg.text === '')
  if (empty !== undefined) {
    return bad(`"${text}" has an empty argument`, 'Write it, or take the comma or the brackets out', empty.offset)
  }
  return withArguments(kind, args, readList)
}

function withArguments(kind: Exclude<VerbKind, 'set'>, args: readonly Argument[], readList: ReadList): Parsed {
  switch (kind) {
    case 'keep':
    case 'pseudonymize':
    case 'hour':
    case 'day':
    case 'month':
    case 'family':
    case 'host':
      if (args.length > 0) return bad(`"${kind}" takes no arguments`, `Write "${kind}" alone`)
      return { verb: { kind } }
    case 'prefix':
      return numbers(kind, args, [32, 128], 0, ([v4, v6]) => ({ kind, v4, v6 }))
    case 'decimals':
      return numbers(kind, args, [15], 0, ([digits]) => ({ kind, digits }))
    case 'first':
      return numbers(kind, args, [100], 1, ([characters]) => ({ kind, characters }))
    case 'bucket':
      return bucket(args)
    case 'routes':
      return routes(args)
    case 'in':
      return inList(args, readList)
  }
}

/** As many whole numbers as there are greatest values. */
function numbers(
  kind: VerbKind,
  args: readonly Argument[],
  greatest: readonly number[],
  least: number,
  verb: (values: readonly [number, number]) => Verb,
): Parsed {
  const { example } = verbWords(kind)
  if (args.length !== greatest.length) {
    const count = greatest.length === 1 ? 'exactly one number' : `exactly ${greatest.length} numbers`
    return bad(`"${kind}" needs ${count}`, `Write ${verbWords(kind).form}, such as ${example}`)
  }
  const values: number[] = []
  for (const [i, { text, offset }] of args.entries()) {
    const most = greatest[i] ?? 0
    const value = /^[0-9]{1,4}$/.test(text) ? Number(text) : -1
    if (value < least || value > most) {
      return bad(`"${text}" is no whole number from ${least} to ${most}`, `Write one, such as ${example}`, offset)
    }
    values.push(value)
  }
  const [a = 0, b = 0] = values
  return { verb: verb([a, b]) }
}

function bucket(args: readonly Argument[]): Parsed {
  if (args.length === 0) return bad('"bucket" needs bounds', 'Write them ascending, such as bucket(0, 1000, 5000)')
  const bounds: number[] = []
  for (const { text, offset } of args) {
    const bound = /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isFinite(bound) || (Number.isInteger(bound) && !Number.isSafeInteger(bound))) {
      return bad(`"${text}" is no number that a bound can be`, 'Write digits, such as 1000 or 0.5', offset)
    }
    const before = bounds.at(-1)
    if (before !== undefined && bound <= before) {
      return bad(`the bound ${text} is not greater than the one before it`, 'Write the bounds ascending', offset)
    }
    bounds.push(bound === 0 ? 0 : bound)
  }
  return { verb: { kind: 'bucket', bounds } }
}

function routes(args: readonly Argument[]): Parsed {
  if (args.length === 0) return bad('"routes" needs patterns', 'Write routes(/p/:sku, /cart)')
  const fault = routeFault(args.map((arg) => arg.text))
  if (fault !== null) return bad(fault.what, fault.mend, args[fault.index]?.offset)
  return { verb: { kind: 'routes', patterns: args.map((arg) => arg.text) } }
}

function inList(args: readonly Argument[], readList: ReadList): Parsed {
  const [file] = args
  if (file === undefined || args.length > 1) return bad('"in" needs exactly one file', 'Write in(lists/name.txt)')
  const values = readList(file.text)
  if ('code' in values) return { refused: { ...values, offset: file.offset } }
  return { verb: { kind: 'in', file: file.text, values } }
}

function setConstant(inside: string | undefined): Parsed {
  const constant = inside?.trim() ?? ''
  if (constant === '') return bad('"set" needs a constant', 'Write it, such as set(web)')
  return { verb: { kind: 'set', constant } }
}

/** `offset` is where the text stands in the whole verb. */
function split(inside: string, offset: number): Argument[] {
  const args: Argument[] = []
  let at = offset
  for (const part of inside.split(',')) {
    args.push({ text: part.trim(), offset: at + part.length - part.trimStart().length })
    at += part.length + 1
  }
  return args
}

function unknownVerb(name: string): Parsed {
  const like = nearest(name, NAMES)
  const all = NAMES.join(', ')
  const mend = like === null ? `Write one of: ${all}` : `Did you mean "${like}"? Verbs are: ${all}`
  return { refused: { code: 'WEIR_CONTRACT_UNKNOWN_VERB', what: `unknown verb "${name}"`, mend } }
}

function bad(what: string, mend: string, offset = 0): Parsed {
  return { refused: { code: 'WEIR_CONTRACT_BAD_VERB', what, mend, offset } }
}
