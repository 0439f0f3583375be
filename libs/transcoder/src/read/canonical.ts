import type { SchemaNode } from '../schema/schema-node.ts'
import { SchemaFacts } from './schema-facts.ts'

/**
 * Writes records again in canonical form: every varint in its shortest form, each array and map as one block with a
 * positive count, or a single 0 when it is empty. Values, their order and repeated keys stay as they are, bit by bit.
 * Few writers need it, so it is plain: it goes by the schema, not by code made of it.
 */
export class Canonical {
  readonly #root: SchemaNode
  readonly #facts: SchemaFacts

  constructor(root: SchemaNode) {
    this.#root = root
    this.#facts = new SchemaFacts(root)
  }

  /** @param start and `end`: bytes that have been checked to be one record */
  copy(bytes: Buffer, start: number, end: number): Buffer {
    const copying = new Copying(this.#facts, bytes, start, end)
    copying.value(this.#root)
    return copying.written()
  }
}

class Copying {
  readonly #facts: SchemaFacts
  readonly #from: Buffer
  #at: number
  /** No form is shorter than the canonical one. */
  readonly #to: Buffer
  #written = 0

  constructor(facts: SchemaFacts, bytes: Buffer, start: number, end: number) {
    this.#facts = facts
    this.#from = bytes
    this.#at = start
    this.#to = Buffer.allocUnsafe(end - start)
  }

  written(): Buffer {
    return this.#to.subarray(0, this.#written)
  }

  value(node: SchemaNode): void {
    if (this.#facts.hasNoBytes(node)) return
    switch (node.kind) {
      case 'null':
        return
      case 'boolean':
        return this.#bytes(1)
      case 'int':
      case 'long':
      case 'enum':
        this.#varint()
        return
      case 'float':
        return this.#bytes(4)
      case 'double':
        return this.#bytes(8)
      case 'fixed':
        return this.#bytes(node.size)
      case 'bytes':
      case 'string':
        return this.#bytes(this.#varint())
      case 'union': {
        const branch = node.branches[this.#varint()]
        if (branch === undefined) throw new RangeError('the record was not checked')
        return this.value(branch)
      }
      case 'record':
        for (const field of node.fields) this.value(field.type)
        return
      case 'array':
        return this.#blocks(() => this.value(node.items))
      case 'map':
        return this.#blocks(() => {
          this.#bytes(this.#varint())
          this.value(node.values)
        })
    }
  }

  #bytes(count: number): void {
    this.#from.copy(this.#to, this.#written, this.#at, this.#at + count)
    this.#at += count
    this.#written += count
  }

  /** Copies a varint without the groups of zeros at its end; gives its value, where that is a count or an index. */
  #varint(): number {
    const start = this.#at
    while ((this.#from[this.#at] as number) > 127) this.#at++
    let last = this.#at++
    while (last > start && ((this.#from[last] as number) & 127) === 0) last--
    for (let i = start; i < last; i++) this.#to[this.#written++] = this.#from[i] as number
    this.#to[this.#written++] = (this.#from[last] as number) & 127
    return unzigzag(this.#to, this.#written - 1 - (last - start))
  }

  #blocks(copyItem: () => void): void {
    const start = this.#written
    let total = 0
    // One byte is kept for the count; most need no more.
    this.#written++
    for (;;) {
      const count = this.#count()
      if (count === 0) break
      for (let i = 0; i < count; i++) copyItem()
      total += count
    }
    const more = total === 0 ? 0 : widthOf(total) - 1
    this.#to.copyWithin(start + more, start, this.#written)
    this.#written += more
    let rest = total * 2
    for (let i = 0; i < more; i++, rest = Math.floor(rest / 128)) this.#to[start + i] = (rest % 128) | 128
    this.#to[start + more] = rest
    if (total > 0) this.#to[this.#written++] = 0
  }

  /** The count of a block; its size, where it has one, is passed. */
  #count(): number {
    const count = this.#passVarint()
    if (count < 0) this.#passVarint()
    return Math.abs(count)
  }

  #passVarint(): number {
    const value = unzigzag(this.#from, this.#at)
    while ((this.#from[this.#at++] as number) > 127) {}
    return value
  }
}

/** Exact for what counts, lengths and indexes of a checked record may be. */
function unzigzag(bytes: Buffer, from: number): number {
  let value = 0
  let scale = 1
  for (let at = from; ; at++) {
    const byte = bytes[at] as number
    value += (byte & 127) * scale
    scale *= 128
    if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/** Bytes of a positive count as a varint. */
function widthOf(count: number): number {
  let width = 1
  for (let rest = count * 2; rest > 127; rest = Math.floor(rest / 128)) width++
  return width
}
