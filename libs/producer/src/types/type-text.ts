import type { PrimitiveNode, SchemaNode } from '../schema/node.ts'
import type { Declared } from './type-names.ts'

/** A type, as alternatives: what stands between the bars of a union, in order. */
export function alternatives(node: SchemaNode, names: ReadonlyMap<Declared, string>): string[] {
  switch (node.kind) {
    case 'record':
    case 'enum':
      return [names.get(node) ?? 'never']
    case 'fixed':
      return ['Uint8Array']
    case 'array': {
      const items = alternatives(node.items, names)
      return [`readonly ${items.length > 1 ? `(${items.join(' | ')})` : items.join('')}[]`]
    }
    case 'map':
      return [`{ [key: string]: ${alternatives(node.values, names).join(' | ')} }`]
    case 'optional':
      return [...alternatives(node.node, names), 'null']
    case 'union': {
      const branches = node.branches.filter((branch) => branch.node.kind !== 'null')
      const wrapped = branches.map(
        (branch) => `{ ${propertyName(branch.name)}: ${alternatives(branch.node, names).join(' | ')} }`,
      )
      return branches.length < node.branches.length ? [...wrapped, 'null'] : wrapped
    }
    default:
      return primitive(node)
  }
}

function primitive({ kind, logicalType }: PrimitiveNode): string[] {
  switch (kind) {
    case 'null':
    case 'boolean':
    case 'string':
      return [kind]
    case 'bytes':
      return ['Uint8Array']
    case 'int':
    case 'float':
    case 'double':
      return ['number']
    case 'long':
      return logicalType?.endsWith('timestamp-millis') ? ['number', 'Date'] : ['number', 'bigint']
  }
}

/** What a number or text stands for, where its TypeScript type does not say it. */
export function unitOf(node: SchemaNode): string {
  switch (node.kind) {
    case 'optional':
      return unitOf(node.node)
    case 'fixed':
      return `Exactly ${node.size} bytes.`
    case 'int':
      return node.logicalType === 'date' ? 'Whole days since 1970-01-01.' : 'A whole number of 32 bits.'
    case 'long':
      if (node.logicalType?.endsWith('timestamp-millis')) return 'Unix milliseconds, or a Date.'
      if (node.logicalType?.endsWith('timestamp-micros')) return 'Unix microseconds.'
      return 'A whole number.'
    case 'string':
      return node.logicalType === 'uuid' ? 'A UUID.' : ''
    default:
      return ''
  }
}

/** As written in an object type: quoted where it is no identifier. */
export function propertyName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : literal(name)
}

export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
