import type { RawPlace } from './journal.ts'

/** The sanitizer stands still; the message says what it says of itself. */
class StandsStill extends Error {
  override readonly name = 'StandsStill'
  readonly code = 'WEIR_DEMO_STANDS_STILL'
}

const LOOK_MS = 50
const STANDS_STILL_MS = 60_000

/** Resolves when everything that is in the raw topic now has been decided and committed. */
export async function caughtUp(raw: RawPlace, whyNot: () => Promise<string>): Promise<void> {
  const wanted = await raw.end()
  let best = -1
  let since = performance.now()
  for (;;) {
    const committed = await raw.committed()
    if (wanted.every((end, partition) => (committed[partition] ?? 0) >= end)) return
    const sum = committed.reduce((total, offset) => total + offset, 0)
    if (sum > best) since = performance.now()
    best = Math.max(best, sum)
    if (performance.now() - since > STANDS_STILL_MS) {
      const left = wanted.reduce((total, end, partition) => total + end - (committed[partition] ?? 0), 0)
      throw new StandsStill(
        `The sanitizer has made no progress for ${STANDS_STILL_MS / 1000} s, with ${left} records to go. ` +
          `It says: ${await whyNot()}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
