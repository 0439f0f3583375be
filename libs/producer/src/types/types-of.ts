import type { Stream } from '@weir/contracts'
import { allowsNull, type EnumNode, type Field, type RecordNode } from '../schema/node.ts'
import { readSchema } from '../schema/read-schema.ts'
import { type Declared, typeNames } from './type-names.ts'
import { alternatives, literal, propertyName, unitOf } from './type-text.ts'

/** Longer lines are broken as formatters do it. */
const WIDTH = 120

/**
 * TypeScript source of a stream's events, as `track()` takes them: records as interfaces, enums as unions of literals,
 * arrays and maps, unions of several types as an object with the branch as its one key. What may be left out (because it
 * has a default, or may be null) is optional. Docs of the schema become doc comments. The same schema gives the same
 * text.
 *
 * @throws UnusableSchema
 */
export function typesOf(stream: Pick<Stream, 'name' | 'rawSchema'>): string {
  const names = typeNames(readSchema(stream.rawSchema))
  const header = [
    `// Events of the stream ${stream.name}, as its contract has them. Made by \`weir contract types ${stream.name}\`:`,
    '// run it again when the contract changes, and change nothing here.',
  ]
  const declarations = [...names].map(([node, name]) =>
    node.kind === 'enum' ? enumeration(node, name) : record(node, name, names),
  )
  return [header, ...declarations].map((lines) => `${lines.join('\n')}\n`).join('\n')
}

function record(node: RecordNode, name: string, names: ReadonlyMap<Declared, string>): string[] {
  if (node.fields.length === 0) return [...comment(node.doc, ''), `export type ${name} = { [key: string]: never }`]
  const fields = node.fields.flatMap((field) => [
    ...comment(docOf(field), '  '),
    ...property(field, alternatives(field.node, names)),
  ])
  return [...comment(node.doc, ''), `export interface ${name} {`, ...fields, '}']
}

function enumeration(node: EnumNode, name: string): string[] {
  return [...comment(node.doc, ''), ...union(`export type ${name} =`, node.symbols.map(literal), '')]
}

/** `undefined` beside the question mark, for those who compile with exactOptionalPropertyTypes. */
function property(field: Field, types: readonly string[]): string[] {
  const isOptional = field.byDefault !== null || allowsNull(field.node)
  const name = propertyName(field.name)
  return isOptional ? union(`  ${name}?:`, [...types, 'undefined'], '  ') : union(`  ${name}:`, types, '  ')
}

/** One line if it fits, else one a type. */
function union(start: string, types: readonly string[], indent: string): string[] {
  const line = `${start} ${types.join(' | ')}`
  if (line.length <= WIDTH || types.length === 1) return [line]
  return [start, ...types.map((type) => `${indent}  | ${type}`)]
}

function docOf(field: Field): string {
  return [field.doc, unitOf(field.node)].filter((part) => part !== '').join(' ')
}

function comment(doc: string, indent: string): string[] {
  if (doc === '') return []
  const lines = doc
    .replaceAll('*/', '*\\/')
    .split(/\r?\n/)
    .map((line) => line.trim())
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`]
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`]
}
