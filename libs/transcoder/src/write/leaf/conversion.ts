import type { EnumNode, SchemaNode } from '../../schema/schema-node.ts'
import { unitsPerMs } from '../../schema/timestamps.ts'
import { encodeLong } from '../encode.ts'
import { readLong } from '../longs.ts'
import { INDEX_AND_LONG, type LeafWriter, PRESENT, writeEncoded } from './leaf-writer.ts'
import { readNumber, writeFloat } from './numbers.ts'

/** Kept types that have the same bytes in the clean schema; ints are longs in the narrower half of their bytes. */
const SAME_BYTES: ReadonlySet<string> = new Set([
  'boolean boolean',
  'int int',
  'int long',
  'long long',
  'float float',
  'double double',
  'bytes bytes',
  'string string',
  'string bytes',
])

/**
 * How a kept leaf becomes its clean type. The same type passes as it is; an older writer schema may have it in one
 * that Avro promotes ("Schema Resolution"). Null when the clean type can't hold it.
 */
export function conversion(from: SchemaNode, to: SchemaNode): LeafWriter | 'same' | null {
  if (from.kind === 'enum' && to.kind === 'enum') return enumConversion(from.symbols, to)
  if (from.kind === 'fixed' && to.kind === 'fixed') return from.size === to.size ? 'same' : null
  if (unitsPerMs(from) !== unitsPerMs(to)) return null
  if (SAME_BYTES.has(`${from.kind} ${to.kind}`)) return 'same'
  if (to.kind !== 'float' && to.kind !== 'double') return null
  const target = to.kind
  switch (from.kind) {
    case 'int':
    case 'long':
      return widened(from.kind, target)
    case 'float':
      return target === 'double' ? widened('float', target) : null
    default:
      return null
  }
}

function widened(source: 'int' | 'long' | 'float', target: 'float' | 'double'): LeafWriter {
  return {
    growth: INDEX_AND_LONG,
    write(from, start, end, out, at) {
      out[at] = PRESENT
      return writeFloat(target, Number(readNumber(source, from, start, end)), out, at + 1)
    },
  }
}

/** By name; a symbol that the clean schema doesn't know becomes its default symbol, or null without one. */
function enumConversion(symbols: readonly string[], to: EnumNode): LeafWriter | 'same' {
  const indexes = symbols.map((symbol) => {
    const index = to.symbols.indexOf(symbol)
    return index >= 0 ? index : to.defaultIndex
  })
  if (indexes.every((index, i) => index === i)) return 'same'
  const encoded = indexes.map((index) => (index < 0 ? null : encodeLong(BigInt(index))))
  return {
    growth: INDEX_AND_LONG,
    write: (from, start, end, out, at) => writeEncoded(encoded[readLong(from, start, end)] ?? null, out, at),
  }
}
