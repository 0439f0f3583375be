import { setTimeout as pause } from 'node:timers/promises'

/** Waits for a condition, asked again and again. Rejects with what was last seen when the time is up. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + limitMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      const seen = await look()
      if (seen !== null && seen !== undefined && seen !== false) return seen
      last = seen
    } catch (error) {
      last = error
    }
    await pause(50)
  }
  throw new Error(
    `not within ${limitMs} ms: ${what}; last seen: ${last instanceof Error ? last.message : String(last)}`,
  )
}
