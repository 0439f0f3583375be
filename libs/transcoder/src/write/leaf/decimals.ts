import type { SchemaNode } from '../../schema/schema-node.ts'
import { cutDecimals } from '../../verbs/decimals.ts'
import { INDEX_AND_LONG, type LeafWriter, PRESENT, writeNull } from './leaf-writer.ts'
import { writeFloat } from './numbers.ts'

/** @returns null when the types are no floats, or the clean one is narrower */
export function decimals(from: SchemaNode, to: SchemaNode, digits: number): LeafWriter | null {
  if ((from.kind !== 'float' && from.kind !== 'double') || (to.kind !== 'float' && to.kind !== 'double')) return null
  const single = from.kind === 'float'
  const target = to.kind
  if (!single && target === 'float') return null
  const cutOne = single ? (value: number) => cutDecimals(value, digits, true) : cutDouble(digits)
  return {
    growth: INDEX_AND_LONG,
    write(from, start, _end, out, at) {
      const cut = cutOne(single ? from.readFloatLE(start) : from.readDoubleLE(start))
      if (cut === null) return writeNull(out, at)
      out[at] = PRESENT
      return writeFloat(target, cut, out, at + 1)
    },
  }
}

/** Far more than any rounding can change of a number below it. */
const SAFE_DISTANCE = 1e-6
const SAFE_VALUE = 1e9

/**
 * `cutDecimals` of a double, without text where the result is plain: the number reads back from so many digits, or it is
 * far from all that do and lies between the same two of them as its shortest text.
 */
function cutDouble(digits: number): (value: number) => number | null {
  const scale = 10 ** digits
  return (value) => {
    const scaled = value * scale
    if (!(Math.abs(scaled) < SAFE_VALUE)) return cutDecimals(value, digits, false)
    // +0: the sign of a zero would tell of what was cut away.
    if (Math.round(scaled) / scale === value) return value + 0
    const cut = Math.trunc(scaled)
    const left = Math.abs(scaled - cut)
    if (left < SAFE_DISTANCE || left > 1 - SAFE_DISTANCE) return cutDecimals(value, digits, false)
    return cut / scale + 0
  }
}
