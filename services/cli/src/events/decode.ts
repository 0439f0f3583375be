import { type AvroType, withoutNull } from './avro-type.ts'
import type { Value } from './value.ts'

/** The value that Avro binary holds. Throws when the bytes are not exactly one value of the type. */
export function decode(type: AvroType, bytes: Buffer): Value {
  const reader = new Reader(bytes)
  const value = read(type, reader)
  if (reader.at !== bytes.length) throw new Error('bytes are left after the value')
  return value
}

class Reader {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  take(length: number): Buffer {
    const end = this.at + length
    if (length < 0 || end > this.#bytes.length) throw new Error('the bytes end too early')
    const taken = this.#bytes.subarray(this.at, end)
    this.at = end
    return taken
  }

  long(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = BigInt(this.take(1)[0] ?? 0)
      value |= (byte & 0x7fn) << shift
      if (byte < 0x80n) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
    }
    throw new Error('a number has no end')
  }

  text(): string {
    return this.take(Number(this.long())).toString('utf8')
  }

  /** Counts of blocks, until the empty one; sizes of blocks are passed over. */
  *blocks(): Generator<number> {
    for (;;) {
      const count = Number(this.long())
      if (count === 0) return
      if (count < 0) this.long()
      yield Math.abs(count)
    }
  }
}

function read(type: AvroType, from: Reader): Value {
  switch (type.kind) {
    case 'null':
      return null
    case 'boolean':
      return from.take(1)[0] === 1
    case 'int':
      return Number(from.long())
    case 'long':
      return from.long()
    case 'float':
      return from.take(4).readFloatLE()
    case 'double':
      return from.take(8).readDoubleLE()
    case 'string':
      return from.text()
    case 'bytes':
      return Buffer.from(from.take(Number(from.long())))
    case 'fixed':
      return Buffer.from(from.take(type.size))
    case 'enum':
      return type.symbols[Number(from.long())] ?? ''
    case 'array': {
      const items: Value[] = []
      for (const count of from.blocks()) for (let i = 0; i < count; i++) items.push(read(type.items, from))
      return items
    }
    case 'map': {
      const entries = new Map<string, Value>()
      for (const count of from.blocks()) {
        for (let i = 0; i < count; i++) {
          const key = from.text()
          entries.set(key, read(type.values, from))
        }
      }
      return { is: 'map', entries }
    }
    case 'record': {
      const fields = new Map<string, Value>()
      for (const field of type.fields) fields.set(field.name, read(field.type, from))
      return { is: 'record', fields }
    }
    case 'union': {
      const branch = Number(from.long())
      const chosen = type.branches[branch]
      if (chosen === undefined) throw new Error('a union has no such branch')
      const value = read(chosen, from)
      if (value === null || withoutNull(type).type.kind !== 'union') return value
      return { is: 'union', branch, value }
    }
  }
}
