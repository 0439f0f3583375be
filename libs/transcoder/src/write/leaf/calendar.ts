import type { SchemaNode } from '../../schema/schema-node.ts'
import { floorTo, unitsPerMs } from '../../schema/timestamps.ts'
import { readBigLong, readLong, writeBigLong, writeLong } from '../longs.ts'
import { INDEX_AND_LONG, type LeafWriter, PRESENT, type WriteLeaf, writeNull } from './leaf-writer.ts'

export type CalendarUnit = 'hour' | 'day' | 'month'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const INT64_MIN = -(2n ** 63n)
const INT32_MIN = -(2 ** 31)

/** 'same': the value stays as it is. */
type Truncation = LeafWriter | 'same'

/**
 * Cuts a timestamp or date down to the beginning of its hour, day or month: UTC (a local timestamp: its own clock),
 * proleptic Gregorian calendar, days of 86,400 s. A time so early that the result does not fit its type becomes null.
 * @returns null when the types are no timestamps or dates of one unit; a date has no hours
 */
export function truncation(from: SchemaNode, to: SchemaNode, unit: CalendarUnit): Truncation | null {
  if (isDate(from) && isDate(to)) {
    if (unit === 'hour') return null
    return unit === 'day' ? 'same' : { growth: INDEX_AND_LONG, write: writeMonthOfDate }
  }
  const perMs = unitsPerMs(from)
  if (perMs === null || perMs !== unitsPerMs(to)) return null
  const units = (unit === 'hour' ? HOUR_MS : DAY_MS) * Number(perMs)
  return { growth: INDEX_AND_LONG, write: unit === 'month' ? writeMonth(units) : writeMultiple(units) }
}

function isDate(node: SchemaNode): boolean {
  return node.kind === 'int' && node.logicalType === 'date'
}

function writeMultiple(units: number): WriteLeaf {
  return (from, start, end, out, at) => {
    const value = readLong(from, start, end)
    if (Number.isNaN(value)) return writeBig(out, at, floorTo(readBigLong(from, start, end), BigInt(units)))
    out[at] = PRESENT
    return writeLong(out, at + 1, whole(value, units) * units)
  }
}

function writeMonth(dayUnits: number): WriteLeaf {
  return (from, start, end, out, at) => {
    const value = readLong(from, start, end)
    if (Number.isNaN(value)) {
      // The number of a day is small in any unit.
      const day = Number(floorTo(readBigLong(from, start, end), BigInt(dayUnits)) / BigInt(dayUnits))
      return writeBig(out, at, BigInt(firstOfMonth(day)) * BigInt(dayUnits))
    }
    out[at] = PRESENT
    return writeLong(out, at + 1, firstOfMonth(whole(value, dayUnits)) * dayUnits)
  }
}

const writeMonthOfDate: WriteLeaf = (from, start, end, out, at) => {
  const first = firstOfMonth(readLong(from, start, end))
  if (first < INT32_MIN) return writeNull(out, at)
  out[at] = PRESENT
  return writeLong(out, at + 1, first)
}

function writeBig(out: Buffer, at: number, value: bigint): number {
  if (value < INT64_MIN) return writeNull(out, at)
  out[at] = PRESENT
  return writeBigLong(out, at + 1, value)
}

const ERA_DAYS = 146_097
/** Days from 0000-03-01 to 1970-01-01. Years are counted from March here, so that the leap day comes last. */
const EPOCH_FROM_MARCH_0000 = 719_468

/** Days since 1970-01-01 of the first day of the month that holds this day. Date ends at ±100 million days; this doesn't. */
function firstOfMonth(day: number): number {
  const shifted = day + EPOCH_FROM_MARCH_0000
  const dayOfEra = shifted - whole(shifted, ERA_DAYS) * ERA_DAYS
  const leapDays = whole(dayOfEra, 1_460) - whole(dayOfEra, 36_524) + whole(dayOfEra, 146_096)
  const yearOfEra = whole(dayOfEra - leapDays, 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + whole(yearOfEra, 4) - whole(yearOfEra, 100))
  const month = whole(5 * dayOfYear + 2, 153)
  return day - (dayOfYear - whole(153 * month + 2, 5))
}

/**
 * How often the divisor goes into a whole number, downwards before 1970 too. Exact below 2^53: a quotient that is not
 * whole is farther from a whole number than it can have been rounded.
 */
function whole(value: number, divisor: number): number {
  return Math.floor(value / divisor)
}
