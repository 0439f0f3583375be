/** Clock and sleep, so that tests need not wait. */
export interface Pacer {
  nowMs(): number
  sleep(ms: number): Promise<void>
}

const STEP_MS = 20
const LARGEST_BATCH = 2000

/**
 * Cuts items into batches so that together they come at `perSecond`. What is late is caught up at most `STEP_MS` times
 * ten at once, so that a pause is no burst afterwards.
 */
export async function* paced<T>(items: Iterable<T>, perSecond: number, pacer: Pacer = realPacer): AsyncGenerator<T[]> {
  const source = items[Symbol.iterator]()
  let due = 0
  let last = pacer.nowMs()
  for (;;) {
    const now = pacer.nowMs()
    due += (Math.min(now - last, STEP_MS * 10) * perSecond) / 1000
    last = now
    const batch: T[] = []
    while (due >= 1 && batch.length < LARGEST_BATCH) {
      const next = source.next()
      if (next.done === true) {
        if (batch.length > 0) yield batch
        return
      }
      batch.push(next.value)
      due--
    }
    if (batch.length > 0) yield batch
    else await pacer.sleep(STEP_MS)
  }
}

const realPacer: Pacer = {
  nowMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}
