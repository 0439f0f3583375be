import type { SchemaNode } from '../schema/schema-node.ts'
import { floorTo, unitsPerMs } from '../schema/timestamps.ts'
import { isInt64, type TwinValue } from './avro-twin.ts'

export type CalendarUnit = 'hour' | 'day' | 'month'

const HOUR_MS = 3_600_000n
const DAY_MS = 86_400_000n

/**
 * Cuts a timestamp or date down to the beginning of its hour, day or month: UTC (a local timestamp: its own clock),
 * proleptic Gregorian calendar, days of 86,400 s, since Unix time has no leap seconds: 23:59:60 is written as the second
 * before or after it, and is cut as that. A time so early that the result does not fit its type becomes null.
 * @returns null when the types are no timestamps or dates of one unit; a date has no hours
 */
export function truncation(
  from: SchemaNode,
  to: SchemaNode,
  unit: CalendarUnit,
): ((value: TwinValue) => TwinValue) | null {
  if (isDate(from) && isDate(to)) return unit === 'hour' ? null : dateTruncation(unit)
  const perMs = unitsPerMs(from)
  if (perMs === null || perMs !== unitsPerMs(to)) return null
  return (value) => {
    if (typeof value !== 'bigint') return null
    const cut = cutDown(value, unit, perMs)
    return isInt64(cut) ? cut : null
  }
}

function cutDown(value: bigint, unit: CalendarUnit, perMs: bigint): bigint {
  if (unit === 'hour') return floorTo(value, HOUR_MS * perMs)
  const dayUnits = DAY_MS * perMs
  const day = floorTo(value, dayUnits)
  return unit === 'day' ? day : firstOfMonth(day / dayUnits) * dayUnits
}

function dateTruncation(unit: 'day' | 'month'): (value: TwinValue) => TwinValue {
  if (unit === 'day') return (value) => value
  return (value) => {
    const first = Number(firstOfMonth(BigInt(value as number)))
    return first < -(2 ** 31) ? null : first
  }
}

function isDate(node: SchemaNode): boolean {
  return node.kind === 'int' && node.logicalType === 'date'
}

/** Days since 1970-01-01 of the first day of the month that holds this day. */
function firstOfMonth(day: bigint): bigint {
  return day - dayOfMonth(day)
}

const ERA_DAYS = 146_097n
/** Days from 0000-03-01 to 1970-01-01. Years are counted from March here, so that the leap day comes last. */
const EPOCH_FROM_MARCH_0000 = 719_468n

/** 0 for the first day. Date can't tell: it ends at ±100 million days, and an Avro long does not. */
function dayOfMonth(day: bigint): bigint {
  const shifted = day + EPOCH_FROM_MARCH_0000
  const dayOfEra = shifted - floorTo(shifted, ERA_DAYS)
  const yearOfEra = (dayOfEra - dayOfEra / 1460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n)
  const month = (5n * dayOfYear + 2n) / 153n
  return dayOfYear - (153n * month + 2n) / 5n
}
