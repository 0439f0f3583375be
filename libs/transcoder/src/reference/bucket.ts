import { numberKind } from '../schema/number-kind.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import type { TwinValue } from './avro-twin.ts'
import { numberIn, numberOf } from './numbers.ts'

/**
 * The greatest bound that the value reaches, in the clean type; null below the first bound, and for NaN. Bounds are
 * compared in the writer's own type, so that a float of 0.7 reaches 0.7. -0 reaches 0, and +Infinity the last bound.
 * @returns null when the types are no numbers, or the clean one can't hold a bound
 */
export function bucketing(
  from: SchemaNode,
  to: SchemaNode,
  bounds: readonly number[],
): ((value: TwinValue) => TwinValue) | null {
  const [source, target] = [numberKind(from), numberKind(to)]
  if (source === null || target === null) return null
  const steps = bounds.map((bound) => ({
    bound: source === 'float' ? Math.fround(bound) : bound,
    // +0, so that a bound written as -0 gives one output.
    clean: numberIn(target, bound + 0),
  }))
  if (steps.some((step) => step.clean === null)) return null
  return (value) => {
    const number = numberOf(source, value)
    return steps.findLast((step) => number >= step.bound)?.clean ?? null
  }
}
