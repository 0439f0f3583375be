import { type AvroInner, type AvroLeaf, type AvroNode, leavesOf, nodeText } from './avro.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { verbWords } from './language-verbs.ts'
import type { Path, Verb } from './model.ts'
import { branchName } from './path.ts'

/** What the clean schema needs of a branch's line. */
export interface CleanLeaf {
  /** The raw path as text: `items[].sku`, `flags{}`. */
  readonly name: string
  readonly verb: Verb
}

export interface CleanNames {
  readonly stream: string
  readonly purpose: string
}

/** Verbs by the leaf that they stand on, in all branches and files. */
type Named = ReadonlyMap<string, readonly Verb[]>

/**
 * Derives the schema of a clean topic: the leaves that any policy names, in source order. Every field, element and
 * value is nullable, null first, so that a leaf more or a leaf less is a compatible change in both directions. What
 * becomes of each raw type is told at Output.cleanSchema.
 */
export function cleanSchema(root: AvroInner, leaves: readonly CleanLeaf[], names: CleanNames): JsonObject {
  const groups = Map.groupBy(leaves, (leaf) => leaf.name)
  const named = new Map([...groups].map(([name, lines]) => [name, lines.map((line) => line.verb)]))
  return {
    type: 'record',
    name: rootName(names.stream),
    namespace: `weir.${names.stream}.${names.purpose}`,
    doc: `What the purpose "${names.purpose}" may see of the stream "${names.stream}". Derived from its policies.`,
    fields: root.children.flatMap((child) => cleanField(child.step, child, named)),
  }
}

/** Two places whose types would get one name, or null. */
export function nameClash(
  root: AvroInner,
  leaves: readonly CleanLeaf[],
  names: CleanNames,
): readonly [string, string] | null {
  const places = new Map<string, string>([[rootName(names.stream), 'the event itself']])
  const wanted = new Set(leaves.map((leaf) => leaf.name))
  for (const node of root.children.flatMap((child) => namedPlaces(child, wanted))) {
    const name = camel(node.path)
    const other = places.get(name)
    if (other !== undefined) return [other, nodeText(node)]
    places.set(name, nodeText(node))
  }
  return null
}

/**
 * Type of a leaf after a verb: a string for verbs that write text of their own, a double for rounded numbers, else the
 * type it has, with its meaning (logical type) but without properties of the raw schema's own.
 */
export function cleanLeafType(leaf: AvroLeaf, verb: Verb): Json {
  switch (verb.kind) {
    case 'pseudonymize':
    case 'prefix':
    case 'family':
    case 'host':
    case 'first':
    case 'routes':
    case 'in':
      return 'string'
    case 'decimals':
      return 'double'
    case 'keep':
    case 'hour':
    case 'day':
    case 'month':
    case 'bucket':
    case 'set':
      return bare(leaf)
  }
}

/** One field, or none when nothing of it is named. */
function cleanField(name: string, node: AvroNode, named: Named): Json[] {
  const type = cleanType(node, named)
  if (type === null) return []
  const doc = cleanDoc(node, named)
  return [{ name, ...(doc === '' ? {} : { doc }), type: ['null', type], default: null }]
}

function cleanType(node: AvroNode, named: Named): Json | null {
  switch (node.kind) {
    case 'leaf': {
      const verb = named.get(nodeText(node))?.[0]
      return verb === undefined ? null : cleanLeafType(node, verb)
    }
    case 'record':
      return cleanRecord(node, named, (child) => child.step)
    case 'union':
      return cleanRecord(node, named, (child) => (branchName(child.step) ?? '').replaceAll('.', '_'))
    case 'array':
    case 'map': {
      const inner = node.children[0] === undefined ? null : cleanType(node.children[0], named)
      if (inner === null) return null
      return { type: node.kind, [node.kind === 'array' ? 'items' : 'values']: ['null', inner] }
    }
  }
}

function cleanRecord(node: AvroInner, named: Named, nameOf: (child: AvroNode) => string): Json | null {
  const fields = node.children.flatMap((child) => cleanField(nameOf(child), child, named))
  return fields.length === 0 ? null : { type: 'record', name: camel(node.path), fields }
}

/** The producer's words, and what is left of the value here, so that nobody takes a pattern for a path. */
function cleanDoc(node: AvroNode, named: Named): string {
  // A branch has no words of its own; those of its field stand there.
  if (branchName(node.step) !== null && node.kind !== 'leaf') return ''
  const leaf = ownLeaf(node)
  const verbs = leaf === null ? [] : (named.get(nodeText(leaf)) ?? [])
  const here = [...new Set(verbs.map((verb) => verbWords(verb.kind).here ?? 'as it is'))]
  if (here.length === 0 || (here.length === 1 && here[0] === 'as it is')) return node.doc
  return `${node.doc}${node.doc === '' ? '' : ' '}Here: ${here.join('; or ')}.`
}

/** The leaf that a field is, or that each of its elements or values is. */
function ownLeaf(node: AvroNode | undefined): AvroLeaf | null {
  if (node === undefined || node.kind === 'record' || node.kind === 'union') return null
  return node.kind === 'leaf' ? node : ownLeaf(node.children[0])
}

const KEPT_PROPERTIES = ['symbols', 'default', 'size', 'logicalType', 'precision', 'scale']

function bare({ type, schema, path }: AvroLeaf): Json {
  if (!isObject(schema)) return type
  const named = type === 'enum' || type === 'fixed' ? { name: camel(path) } : {}
  const kept = KEPT_PROPERTIES.flatMap((key) => {
    const value = schema[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  if (kept.length === 0 && !('name' in named)) return type
  return { type, ...named, ...Object.fromEntries(kept) }
}

/** Places in use that become a named type: records, unions (which become records), enums and fixed. */
function namedPlaces(node: AvroNode, wanted: ReadonlySet<string>): AvroNode[] {
  if (!leavesOf(node).some((leaf) => wanted.has(nodeText(leaf)))) return []
  if (node.kind === 'leaf') return node.type === 'enum' || node.type === 'fixed' ? [node] : []
  const own = node.kind === 'record' || node.kind === 'union' ? [node] : []
  return [...own, ...node.children.flatMap((child) => namedPlaces(child, wanted))]
}

/**
 * One name a path, so that no two places ever share a type: `page.referrer` gives PageReferrer, `items[].size`
 * ItemsSize, `action<View>.page` ActionViewPage.
 */
function camel(path: Path): string {
  const words = path.flatMap((step) => (branchName(step) ?? step).replace(/^(\[\]|\{\})$/, '').split('.'))
  return words.map(capital).join('')
}

function rootName(stream: string): string {
  return `${capital(stream)}Event`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
