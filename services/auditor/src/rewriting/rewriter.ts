import type { RecordNode } from '../avro/node.ts'
import type { Value } from '../avro/values.ts'
import type { Branch, LeafIs, Line } from '../contract/contract.ts'
import { ITEMS } from '../contract/path.ts'
import { type Build, buildRecord, type Given, listed, Unusable } from './build.ts'
import { find } from './find.ts'
import { isOneOf } from './values-by-verb.ts'

/** One branch over one writer schema. Null: the event gives no output. */
export type Rewrite = (raw: Value, given: Given) => Value | null

/** `unusable`: the writer schema has a named leaf in a type that can't become the clean one. */
export function compileRewrite(writer: RecordNode, clean: RecordNode, branch: Branch): Rewrite | 'unusable' {
  try {
    return compile(writer, clean, branch)
  } catch (error) {
    if (error instanceof Unusable) return 'unusable'
    throw error
  }
}

function compile(writer: RecordNode, clean: RecordNode, branch: Branch): Rewrite {
  const { sensitive } = branch
  const build = (lines: readonly Line[]): Build => buildRecord(writer, clean, lines, sensitive)
  const views = new Map<string, Build>([['', build(branch.lines)]])
  const onlys = branch.only.map((one) => ({ holds: condition(writer, one.when), lines: one.lines }))
  for (const { lines } of onlys) build(lines)
  const passes = condition(writer, branch.events)
  const isDropped = sensitive === null || sensitive.by.includes(ITEMS) ? () => false : listed(writer, sensitive)
  return (raw, given) => {
    if (!passes(raw) || (!given.sensitiveAllowed && isDropped(raw))) return null
    const holding = onlys.filter(({ holds }) => holds(raw))
    const name = holding.map((one) => onlys.indexOf(one)).join()
    const view = views.get(name) ?? build([...branch.lines, ...holding.flatMap(({ lines }) => lines)])
    views.set(name, view)
    return view(raw, given)
  }
}

/** What is not known to hold lets nothing through. */
function condition(writer: RecordNode, leaves: readonly LeafIs[]): (raw: Value) => boolean {
  const tests = leaves.map(({ path, constants }) => {
    const found = find(writer, path)
    if (found === null) return () => false
    const is = isOneOf(found.node, constants)
    return (raw: Value) => {
      const [value] = found.all(raw)
      return value !== undefined && is(value)
    }
  })
  return (raw) => tests.every((test) => test(raw))
}
