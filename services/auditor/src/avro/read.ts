import { isUtf8 } from 'node:buffer'
import type { Node } from './node.ts'
import type { Value } from './values.ts'

/** The bytes are not exactly one value of the schema. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** Reads one whole value; strict, so that what it takes is exactly one record. @throws Malformed */
export type Read = (bytes: Buffer, from: number) => Value

const DEEPEST = 128

export function compileRead(schema: Node): Read {
  const routine = compile(schema, new Map())
  return (bytes, from) => {
    const cursor: Cursor = { bytes, at: from, items: bytes.length - from, depth: 0 }
    const value = routine(cursor)
    if (cursor.at !== bytes.length) throw new Malformed('bytes are left over')
    return value
  }
}

interface Cursor {
  readonly bytes: Buffer
  at: number
  /** Items still believed: each takes a byte at least, and those that take none get no more. */
  items: number
  depth: number
}

type Routine = (cursor: Cursor) => Value

function compile(node: Node, made: Map<Node, Routine>): Routine {
  const known = made.get(node)
  if (known !== undefined) return known
  // A schema may contain itself.
  let inner: Routine = () => null
  const routine: Routine = (cursor) => inner(cursor)
  if (node.kind === 'record') made.set(node, routine)
  inner = compileNew(node, made)
  made.set(node, inner)
  return inner
}

function compileNew(node: Node, made: Map<Node, Routine>): Routine {
  switch (node.kind) {
    case 'null':
      return () => null
    case 'boolean':
      return (cursor) => {
        const byte = take(cursor, 1)[0] as number
        if (byte > 1) throw new Malformed('no boolean')
        return byte === 1
      }
    case 'int':
      return (cursor) => {
        const from = cursor.at
        const value = varint(cursor)
        if (cursor.at - from > 5 || value < -(2 ** 31) || value >= 2 ** 31) throw new Malformed('no int')
        return value
      }
    case 'long':
      return long
    case 'float':
      return (cursor) => take(cursor, 4)
    case 'double':
      return (cursor) => take(cursor, 8)
    case 'bytes':
      return (cursor) => take(cursor, varint(cursor))
    case 'string':
      return text
    case 'fixed':
      return (cursor) => take(cursor, node.size)
    case 'enum':
      return (cursor) => index(cursor, node.symbols.length)
    case 'union': {
      const branches = node.branches.map((branch) => compile(branch, made))
      const { only } = node
      return (cursor) => {
        const branch = index(cursor, branches.length)
        const value = deeper(cursor, branches[branch] as Routine)
        if (only >= 0 || value === null) return value
        return { branch, value }
      }
    }
    case 'record': {
      const fields = node.fields.map(({ type }) => compile(type, made))
      return (cursor) => fields.map((field) => deeper(cursor, field))
    }
    case 'array': {
      const item = compile(node.items, made)
      return (cursor) => blocks(cursor, item)
    }
    case 'map': {
      const value = compile(node.values, made)
      const entry = (cursor: Cursor) => [text(cursor), deeper(cursor, value)] as const
      return (cursor) => ({ entries: blocks(cursor, entry) })
    }
  }
}

function deeper(cursor: Cursor, routine: Routine): Value {
  if (++cursor.depth > DEEPEST) throw new Malformed('nested too deep')
  const value = routine(cursor)
  cursor.depth--
  return value
}

function blocks<T>(cursor: Cursor, item: (cursor: Cursor) => T): T[] {
  const items: T[] = []
  for (;;) {
    let count = varint(cursor)
    if (count === 0) return items
    let end = -1
    if (count < 0) {
      count = -count
      const size = varint(cursor)
      if (size < 0) throw new Malformed('a block of negative size')
      end = cursor.at + size
    }
    cursor.items -= count
    if (cursor.items < 0) throw new Malformed('more items than bytes')
    if (++cursor.depth > DEEPEST) throw new Malformed('nested too deep')
    for (let i = 0; i < count; i++) items.push(item(cursor))
    cursor.depth--
    if (end >= 0 && cursor.at !== end) throw new Malformed('a block of another size')
  }
}

function text(cursor: Cursor): Buffer {
  const bytes = take(cursor, varint(cursor))
  if (!isUtf8(bytes)) throw new Malformed('no UTF-8')
  return bytes
}

function take(cursor: Cursor, count: number): Buffer {
  const { bytes, at } = cursor
  if (!(count >= 0 && count <= bytes.length - at)) throw new Malformed('cut short')
  cursor.at = at + count
  return bytes.subarray(at, at + count)
}

function index(cursor: Cursor, count: number): number {
  const value = varint(cursor)
  if (value < 0 || value >= count) throw new Malformed('no such branch or symbol')
  return value
}

/** Zigzag varint as a number: exact up to 2^53, and beyond it larger than any length. */
function varint(cursor: Cursor): number {
  const { bytes } = cursor
  let value = 0
  let scale = 1
  for (let i = 0; i < 10; i++) {
    if (cursor.at >= bytes.length) throw new Malformed('cut short')
    const byte = bytes[cursor.at++] as number
    if (i === 9 && byte > 1) throw new Malformed('no varint')
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  throw new Malformed('no varint')
}

function long(cursor: Cursor): bigint {
  const { bytes } = cursor
  const from = cursor.at
  const short = varint(cursor)
  if (cursor.at - from <= 7) return BigInt(short)
  let value = 0n
  for (let at = cursor.at - 1; at >= from; at--) value = (value << 7n) | BigInt((bytes[at] as number) & 0x7f)
  return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
}
