/** null: a time that no calendar has, as only a record from elsewhere can hold it. */
export function isoTime(ms: number): string | null {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? null : time.toISOString()
}
