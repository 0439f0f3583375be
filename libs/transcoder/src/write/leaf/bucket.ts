import { numberKind } from '../../schema/number-kind.ts'
import type { SchemaNode } from '../../schema/schema-node.ts'
import { encodeNumber } from '../encode.ts'
import { INDEX_AND_LONG, type LeafWriter, writeEncoded } from './leaf-writer.ts'
import { readNumber } from './numbers.ts'

/**
 * The greatest bound that the value reaches, in the clean type; null below the first bound, and for NaN. Bounds are
 * compared in the writer's own type, so that a float of 0.7 reaches 0.7. -0 reaches 0, and +Infinity the last bound.
 * @returns null when the types are no numbers, or the clean one can't hold a bound
 */
export function bucketing(from: SchemaNode, to: SchemaNode, bounds: readonly number[]): LeafWriter | null {
  const [source, target] = [numberKind(from), numberKind(to)]
  if (source === null || target === null) return null
  const compared = bounds.map((bound) => (source === 'float' ? Math.fround(bound) : bound))
  // +0, so that a bound written as -0 gives one output.
  const encoded = bounds.flatMap((bound) => encodeNumber(target, bound + 0) ?? [])
  if (encoded.length < bounds.length) return null
  return {
    growth: INDEX_AND_LONG,
    write(from, start, end, out, at) {
      const value = readNumber(source, from, start, end)
      let step = compared.length - 1
      while (step >= 0 && !(value >= (compared[step] as number))) step--
      return writeEncoded(encoded[step] ?? null, out, at)
    },
  }
}
