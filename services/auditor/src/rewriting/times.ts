import type { Node } from '../avro/node.ts'
import type { Value } from '../avro/values.ts'

const HOUR_MS = 3_600_000n
const DAY_MS = 86_400_000n
const LEAST_LONG = -(2n ** 63n)

/** Of a timestamp; null for any other type. */
export function unitsPerMs(node: Node): bigint | null {
  if (node.kind !== 'long') return null
  const [, unit] = /^(?:local-)?timestamp-(millis|micros|nanos)$/.exec(node.logicalType ?? '') ?? []
  return unit === undefined ? null : unit === 'millis' ? 1n : unit === 'micros' ? 1000n : 1_000_000n
}

/** Cut down to the beginning of its hour, day or month (UTC, proleptic Gregorian). Null when the types can't. */
export function cutTime(from: Node, to: Node, unit: 'hour' | 'day' | 'month'): ((value: Value) => Value) | null {
  if (isDate(from) && isDate(to)) {
    if (unit === 'hour') return null
    return (value) => {
      const day = unit === 'day' ? (value as number) : Number(monthOf(BigInt(value as number)))
      return day < -(2 ** 31) ? null : day
    }
  }
  const perMs = unitsPerMs(from)
  if (perMs === null || perMs !== unitsPerMs(to)) return null
  return (value) => {
    const time = value as bigint
    const day = floor(time, DAY_MS * perMs)
    const cut =
      unit === 'hour'
        ? floor(time, HOUR_MS * perMs)
        : unit === 'day'
          ? day
          : monthOf(day / (DAY_MS * perMs)) * DAY_MS * perMs
    return cut < LEAST_LONG ? null : cut
  }
}

function isDate(node: Node): boolean {
  return node.kind === 'int' && node.logicalType === 'date'
}

export function floor(value: bigint, unit: bigint): bigint {
  const rest = value % unit
  return rest < 0n ? value - rest - unit : value - rest
}

/** Days of 400 years, after which the calendar repeats itself: so Date can be asked in the range that it knows. */
const CYCLE_DAYS = 146_097n

/** Day (since 1970-01-01) on which the month of this day begins. */
function monthOf(day: bigint): bigint {
  const cycles = floor(day, CYCLE_DAYS)
  const date = new Date(Number((day - cycles) * DAY_MS))
  return cycles + BigInt(Date.UTC(date.getUTCFullYear(), date.getUTCMonth())) / DAY_MS
}
