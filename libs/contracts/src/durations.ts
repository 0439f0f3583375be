const HOUR_MS = 3_600_000
const UNITS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS }

/** A hundred years: longer is a slip of the finger, and Kafka's settings stay far from their limits. */
const LONGEST_MS = 36_525 * 24 * HOUR_MS

export const DURATION_FORM = 'write a whole number and d (days) or h (hours), such as 90d or 24h'

/** Milliseconds of `90d` or `24h`; null for anything else, zero included. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9][0-9]{0,6})([hd])$/.exec(text)
  if (match === null) return null
  const ms = Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN)
  return ms <= LONGEST_MS ? ms : null
}
