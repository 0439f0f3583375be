import { FaultCode } from '../faults.ts'
import type { SchemaNode } from '../schema/schema-node.ts'

/** Deeper nesting than any event has. Without a bound, a recursive schema lets one record exhaust the stack. */
const MAX_DEPTH = 128

/**
 * Whether bytes [start, end) are exactly one record of the schema. avsc does not ask: it reads past the end and
 * notices later, builds arrays of whatever length the bytes claim, and turns bytes that are not UTF-8 into U+FFFD.
 * Only what passes here is given to it.
 * @returns ok, malformedAvro or trailingBytes
 */
export function checkWhole(schema: SchemaNode, bytes: Uint8Array, start: number, end: number): FaultCode {
  const walk = new Walk(bytes, start, end)
  if (!walk.skip(schema, 0)) return FaultCode.malformedAvro
  return walk.atEnd() ? FaultCode.ok : FaultCode.trailingBytes
}

class Walk {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number
  /** Items still believed: each takes at least one byte, except those of types without bytes, which get no more. */
  #items: number
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#items = end - start
  }

  atEnd(): boolean {
    return this.#at === this.#end
  }

  /** Moves past one value; false when the bytes hold none. */
  skip(schema: SchemaNode, depth: number): boolean {
    if (depth > MAX_DEPTH) return false
    switch (schema.kind) {
      case 'null':
        return true
      case 'boolean':
        return this.#boolean()
      case 'int':
        return this.#int()
      case 'long':
        return !Number.isNaN(this.#varint())
      case 'float':
        return this.#take(4)
      case 'double':
        return this.#take(8)
      case 'bytes':
        return this.#take(this.#varint())
      case 'string':
        return this.#string()
      case 'fixed':
        return this.#take(schema.size)
      case 'enum':
        return this.#index(schema.symbols.length) >= 0
      case 'union': {
        const branch = schema.branches[this.#index(schema.branches.length)]
        return branch !== undefined && this.skip(branch, depth + 1)
      }
      case 'record':
        return schema.fields.every((field) => this.skip(field.type, depth + 1))
      case 'array':
        return this.#blocks(() => this.skip(schema.items, depth + 1))
      case 'map':
        return this.#blocks(() => this.#string() && this.skip(schema.values, depth + 1))
    }
  }

  #take(count: number): boolean {
    if (!(count >= 0 && count <= this.#end - this.#at)) return false
    this.#at += count
    return true
  }

  #boolean(): boolean {
    const byte = this.#bytes[this.#at]
    return this.#take(1) && (byte === 0 || byte === 1)
  }

  #string(): boolean {
    const length = this.#varint()
    const from = this.#at
    if (!this.#take(length)) return false
    try {
      this.#utf8.decode(this.#bytes.subarray(from, this.#at))
      return true
    } catch {
      return false
    }
  }

  #int(): boolean {
    const from = this.#at
    const value = this.#varint()
    return this.#at - from <= 5 && value >= -(2 ** 31) && value < 2 ** 31
  }

  /** An index below `count`, or -1. */
  #index(count: number): number {
    const index = this.#varint()
    return index >= 0 && index < count ? index : -1
  }

  /** Blocks of items until an empty one; a negative count is followed by the block's size in bytes. */
  #blocks(skipItem: () => boolean): boolean {
    for (;;) {
      let count = this.#varint()
      if (Number.isNaN(count)) return false
      if (count === 0) return true
      let blockEnd = -1
      if (count < 0) {
        count = -count
        const size = this.#varint()
        if (!(size >= 0 && size <= this.#end - this.#at)) return false
        blockEnd = this.#at + size
      }
      if (count > this.#items) return false
      this.#items -= count
      for (let i = 0; i < count; i++) if (!skipItem()) return false
      if (blockEnd >= 0 && this.#at !== blockEnd) return false
    }
  }

  /**
   * A zigzag varint of at most 64 bits as a number: exact up to 2^53, and beyond it far outside of any length or
   * index, which is all that is asked. NaN when there is none.
   */
  #varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) return Number.NaN
      const byte = this.#bytes[this.#at++] ?? 0
      if (i === 9 && byte > 1) return Number.NaN
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    return Number.NaN
  }
}
