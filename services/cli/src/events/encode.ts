import { type AvroType, withoutNull } from './avro-type.ts'
import { isPart, type Value } from './value.ts'

/** Avro binary of a value (Avro 1.12, "Binary Encoding"), without a header. The value fits its type. */
export function encode(type: AvroType, value: Value): Buffer {
  const parts: Buffer[] = []
  write(type, value, parts)
  return Buffer.concat(parts)
}

function write(type: AvroType, value: Value, out: Buffer[]): void {
  switch (type.kind) {
    case 'null':
      return
    case 'boolean':
      out.push(Buffer.from([value === true ? 1 : 0]))
      return
    case 'int':
    case 'long':
      out.push(zigZag(BigInt(value as number | bigint)))
      return
    case 'float':
    case 'double': {
      const bytes = Buffer.alloc(type.kind === 'float' ? 4 : 8)
      if (type.kind === 'float') bytes.writeFloatLE(Number(value))
      else bytes.writeDoubleLE(Number(value))
      out.push(bytes)
      return
    }
    case 'string':
      return withLength(Buffer.from(String(value), 'utf8'), out)
    case 'bytes':
      return withLength(Buffer.isBuffer(value) ? value : Buffer.alloc(0), out)
    case 'fixed':
      out.push(Buffer.isBuffer(value) ? value : Buffer.alloc(type.size))
      return
    case 'enum':
      out.push(zigZag(BigInt(type.symbols.indexOf(String(value)))))
      return
    case 'array': {
      const items = Array.isArray(value) ? value : []
      block(items.length, out, () => {
        for (const item of items) write(type.items, item, out)
      })
      return
    }
    case 'map': {
      const entries = isPart(value, 'map') ? [...value.entries] : []
      block(entries.length, out, () => {
        for (const [key, item] of entries) {
          withLength(Buffer.from(key, 'utf8'), out)
          write(type.values, item, out)
        }
      })
      return
    }
    case 'record':
      for (const field of type.fields) {
        write(field.type, isPart(value, 'record') ? (value.fields.get(field.name) ?? null) : null, out)
      }
      return
    case 'union':
      return union(type, value, out)
  }
}

function union(type: AvroType & { kind: 'union' }, value: Value, out: Buffer[]): void {
  const branch = isPart(value, 'union')
    ? value.branch
    : type.branches.findIndex((one) => (one.kind === 'null') === (value === null))
  const chosen = type.branches[branch]
  if (chosen === undefined) throw new Error('a value does not fit its union')
  out.push(zigZag(BigInt(branch)))
  write(chosen, isPart(value, 'union') && withoutNull(type).type.kind === 'union' ? value.value : value, out)
}

function block(count: number, out: Buffer[], items: () => void): void {
  if (count > 0) {
    out.push(zigZag(BigInt(count)))
    items()
  }
  out.push(Buffer.from([0]))
}

function withLength(bytes: Buffer, out: Buffer[]): void {
  out.push(zigZag(BigInt(bytes.length)), bytes)
}

function zigZag(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
