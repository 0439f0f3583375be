import type { Json, Pointer } from './json.ts'
import type { Path } from './model.ts'
import { pathText } from './path.ts'

/**
 * An Avro schema as a tree of places, with named references resolved: fields, elements of arrays, values of maps,
 * branches of unions. Made from the JSON itself, since avsc drops custom properties such as tags.
 */
export type AvroNode = AvroInner | AvroLeaf

interface AvroPlace {
  /** The last step of its path: a field's name, `[]`, `{}` or `<View>`; empty for the event itself. */
  readonly step: string
  readonly path: Path
  /** Of its field. */
  readonly doc: string
  /** Its own tags and those of what lies around it. */
  readonly tags: readonly string[]
  /** Of its field. */
  readonly ownTags: readonly string[]
  /** It or something around it may be null, or be another branch. */
  readonly optional: boolean
  readonly pointer: Pointer
}

export interface AvroInner extends AvroPlace {
  /** `union`: of several types beside null; a union of null and one other is that other, optional. */
  readonly kind: 'record' | 'array' | 'map' | 'union'
  readonly children: readonly AvroNode[]
}

export interface AvroLeaf extends AvroPlace {
  readonly kind: 'leaf'
  /** 'string', 'long', 'enum', … */
  readonly type: string
  readonly logicalType: string | null
  /** The type's JSON, references resolved. */
  readonly schema: Json
  /** Why no policy may name it or go through it; null when it may. */
  readonly closed: string | null
  /** Tags found somewhere inside a closed leaf. */
  readonly innerTags: readonly string[]
}

/** All leaves at or below a place, in source order. */
export function leavesOf(node: AvroNode): AvroLeaf[] {
  return node.kind === 'leaf' ? [node] : node.children.flatMap(leavesOf)
}

/** All places that hold others, outer ones first, the event itself left out. */
export function containersOf(node: AvroNode): AvroInner[] {
  if (node.kind === 'leaf') return []
  return [...(node.step === '' ? [] : [node]), ...node.children.flatMap(containersOf)]
}

/** The place as a raw path: `items[].sku`, `flags{}`. */
export function nodeText(node: AvroNode): string {
  return pathText(node.path)
}
