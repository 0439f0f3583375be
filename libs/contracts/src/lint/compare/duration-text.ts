const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** `90d`, `36h`: as a contract writes it. */
export function durationText(ms: number): string {
  return ms % DAY_MS === 0 ? `${ms / DAY_MS}d` : `${ms / HOUR_MS}h`
}
