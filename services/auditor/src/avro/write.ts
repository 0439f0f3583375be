import type { Node } from './node.ts'
import { isChosen, isEntries, type Value } from './values.ts'

/** The bytes of a value in the one form that a clean record has: a block an array, shortest varints. */
export function write(node: Node, value: Value): Buffer {
  const out = new Bytes()
  put(out, node, value)
  return out.taken()
}

/** @throws TypeError when the value is none of the schema: a mistake of ours */
function put(out: Bytes, node: Node, value: Value): void {
  switch (node.kind) {
    case 'null':
      return
    case 'boolean':
      return out.byte(value === true ? 1 : 0)
    case 'int':
    case 'enum':
      return out.long(BigInt(value as number))
    case 'long':
      return out.long(value as bigint)
    case 'float':
    case 'double':
    case 'fixed':
      return out.bytes(value as Buffer)
    case 'bytes':
    case 'string':
      return putText(out, value as Buffer)
    case 'union':
      return putUnion(out, node, value)
    case 'record': {
      const fields = value as readonly Value[]
      for (const [i, field] of node.fields.entries()) put(out, field.type, fields[i] ?? null)
      return
    }
    case 'array': {
      const items = value as readonly Value[]
      if (items.length > 0) out.long(BigInt(items.length))
      for (const item of items) put(out, node.items, item)
      return out.byte(0)
    }
    case 'map': {
      if (!isEntries(value)) throw new TypeError('no map')
      if (value.entries.length > 0) out.long(BigInt(value.entries.length))
      for (const [key, one] of value.entries) {
        putText(out, key)
        put(out, node.values, one)
      }
      return out.byte(0)
    }
  }
}

function putUnion(out: Bytes, node: Node & { kind: 'union' }, value: Value): void {
  const branch =
    value === null ? node.branches.findIndex(({ kind }) => kind === 'null') : isChosen(value) ? value.branch : node.only
  const type = node.branches[branch]
  if (type === undefined) throw new TypeError('no branch of the union')
  out.long(BigInt(branch))
  put(out, type, isChosen(value) ? value.value : value)
}

function putText(out: Bytes, text: Buffer): void {
  out.long(BigInt(text.length))
  out.bytes(text)
}

class Bytes {
  #buffer = Buffer.allocUnsafe(512)
  #at = 0

  byte(value: number): void {
    this.#room(1)
    this.#buffer[this.#at++] = value
  }

  bytes(value: Buffer): void {
    this.#room(value.length)
    this.#at += value.copy(this.#buffer, this.#at)
  }

  long(value: bigint): void {
    this.#room(10)
    if (value >= -0x4000_0000n && value < 0x4000_0000n) {
      const small = Number(value)
      let rest = ((small << 1) ^ (small >> 31)) >>> 0
      while (rest >= 0x80) {
        this.#buffer[this.#at++] = (rest & 0x7f) | 0x80
        rest >>>= 7
      }
      this.#buffer[this.#at++] = rest
      return
    }
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest >= 0x80n) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.#at++] = Number(rest)
  }

  taken(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at))
  }

  #room(count: number): void {
    if (this.#at + count <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + count))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}
