/** An Avro schema with its names resolved, as much of it as an audit needs. */
export type Node =
  | { readonly kind: 'null' | 'boolean' | 'float' | 'double' | 'bytes' | 'string' }
  | { readonly kind: 'int' | 'long'; readonly logicalType: string | null }
  | (Named & { readonly kind: 'fixed'; readonly size: number })
  | (Named & { readonly kind: 'enum'; readonly symbols: readonly string[]; readonly byDefault: number })
  | RecordNode
  | { readonly kind: 'array'; readonly items: Node }
  | { readonly kind: 'map'; readonly values: Node }
  | UnionNode

interface Named {
  /** With its namespace. */
  name: string
  readonly aliases: readonly string[]
}

export interface RecordNode extends Named {
  readonly kind: 'record'
  readonly fields: Field[]
}

export interface Field {
  name: string
  readonly aliases: readonly string[]
  readonly type: Node
  readonly tags: readonly string[]
}

export interface UnionNode {
  readonly kind: 'union'
  readonly branches: readonly Node[]
  /** Index of the only branch besides null; -1 when there are several. */
  readonly only: number
}

/** @throws TypeError when it is no Avro schema @param json parsed */
export function readSchema(json: unknown): Node {
  return read(json, '', new Map())
}

function read(json: unknown, namespace: string, named: Map<string, Node>): Node {
  if (Array.isArray(json)) return readUnion(json, namespace, named)
  if (typeof json === 'string') return primitive(json, null) ?? byName(json, namespace, named)
  if (typeof json !== 'object' || json === null) throw new TypeError('no Avro schema')
  const schema = json as Readonly<Record<string, unknown>>
  const { type } = schema
  const logicalType = typeof schema['logicalType'] === 'string' ? schema['logicalType'] : null
  switch (type) {
    case 'array':
      return { kind: 'array', items: read(schema['items'], namespace, named) }
    case 'map':
      return { kind: 'map', values: read(schema['values'], namespace, named) }
    case 'record':
    case 'error':
      return readRecord(schema, namespace, named)
    case 'enum': {
      const own = names(schema, namespace)
      const symbols = schema['symbols'] as readonly string[]
      const byDefault = symbols.indexOf(String(schema['default'] ?? ''))
      return keep(named, { kind: 'enum', ...own, symbols, byDefault })
    }
    case 'fixed':
      return keep(named, { kind: 'fixed', ...names(schema, namespace), size: Number(schema['size']) })
    default:
      return typeof type === 'string'
        ? (primitive(type, logicalType) ?? byName(type, namespace, named))
        : read(type, namespace, named)
  }
}

function primitive(name: string, logicalType: string | null): Node | null {
  switch (name) {
    case 'null':
    case 'boolean':
    case 'float':
    case 'double':
    case 'bytes':
    case 'string':
      return { kind: name }
    case 'int':
    case 'long':
      return { kind: name, logicalType }
    default:
      return null
  }
}

function readUnion(json: readonly unknown[], namespace: string, named: Map<string, Node>): UnionNode {
  const branches = json.map((branch) => read(branch, namespace, named))
  const others = branches.filter(({ kind }) => kind !== 'null')
  return { kind: 'union', branches, only: others.length === 1 ? branches.indexOf(others[0] as Node) : -1 }
}

function readRecord(
  schema: Readonly<Record<string, unknown>>,
  namespace: string,
  named: Map<string, Node>,
): RecordNode {
  const own = names(schema, namespace)
  const node: RecordNode = { kind: 'record', ...own, fields: [] }
  keep(named, node)
  const inner = own.name.includes('.') ? own.name.slice(0, own.name.lastIndexOf('.')) : ''
  for (const field of schema['fields'] as readonly Readonly<Record<string, unknown>>[]) {
    node.fields.push({
      name: String(field['name']),
      aliases: (field['aliases'] ?? []) as readonly string[],
      type: read(field['type'], inner, named),
      tags: tagsOf(field),
    })
  }
  return node
}

/** Tags of a field stand beside its name or in its type. */
function tagsOf(field: Readonly<Record<string, unknown>>): readonly string[] {
  const own = (field['confluent:tags'] ?? []) as readonly string[]
  const types = Array.isArray(field['type']) ? field['type'] : [field['type']]
  const inner = types.flatMap((type: unknown) =>
    typeof type === 'object' && type !== null
      ? (((type as Record<string, unknown>)['confluent:tags'] ?? []) as string[])
      : [],
  )
  return [...own, ...inner]
}

function names(schema: Readonly<Record<string, unknown>>, namespace: string): Named {
  const name = String(schema['name'])
  const space = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace
  const full = (one: string, inside: string) => (one.includes('.') || inside === '' ? one : `${inside}.${one}`)
  const own = full(name, space)
  const inside = own.includes('.') ? own.slice(0, own.lastIndexOf('.')) : ''
  return { name: own, aliases: ((schema['aliases'] ?? []) as readonly string[]).map((alias) => full(alias, inside)) }
}

function keep<T extends Node & Named>(named: Map<string, Node>, node: T): T {
  named.set(node.name, node)
  return node
}

function byName(name: string, namespace: string, named: ReadonlyMap<string, Node>): Node {
  const found = named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? named.get(name)
  if (found === undefined) throw new TypeError('a schema names a type that it does not define')
  return found
}

/** The one type that stands at a place besides null; null for null alone and for unions of several types. */
export function only(node: Node): Node | null {
  if (node.kind === 'null') return null
  if (node.kind !== 'union') return node
  return node.only < 0 ? null : (node.branches[node.only] as Node)
}

/** A place that a step `<View>` leads to: by full name, or by the last part where it names one branch alone. */
export function branchOf(node: Node, name: string): Node | null {
  const branches = node.kind === 'union' ? node.branches : [node]
  const full = branches.find((branch) => 'name' in branch && branch.name === name)
  if (full !== undefined) return full
  const same = branches.filter((branch) => simpleName(branch) === name && branch.kind !== 'null')
  return node.kind === 'union' && same.length > 1 ? null : (same[0] ?? null)
}

export function simpleName(node: Node): string {
  return 'name' in node ? node.name.slice(node.name.lastIndexOf('.') + 1) : node.kind
}
