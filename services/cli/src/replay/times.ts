import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * A point in time as Unix milliseconds: ISO 8601 with its offset from UTC (a day alone begins at midnight UTC), or how
 * long ago, as `90m`, `2h`, `3d`.
 */
export function pointInTime(text: string): number {
  const ago = /^([1-9][0-9]{0,6})([smhd])$/.exec(text)
  if (ago !== null) return Date.now() - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? Number.NaN)
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(ms)) return ms
  throw new InvalidArgumentError('Write a time as 2026-01-15T10:20:00Z, or how long ago, as 90m, 2h or 3d.')
}

/** A length of time for people: two units at most. */
export function lengthText(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}
