import { paced } from '@weir/test/workload/pace.ts'
import type { Publisher } from '@weir/test/workload/publisher.ts'
import type { Planned } from '@weir/test/workload/stream.ts'
import { type Step, WITHDRAWN_BY } from './decisions-on-the-way.ts'

export interface StreamParts {
  readonly publisher: Publisher
  readonly signal: AbortSignal
  readonly onPublished: (records: number) => void
}

/**
 * Publishes records at a rate, each with the time of its publishing, and starts the steps that fall due. Resolves when
 * all are acknowledged and all steps are done. The last part waits for the steps of its middle, so that enough events
 * lie after the withdrawal however fast the stream is.
 */
export async function publishStream(
  records: Iterator<Planned>,
  count: number,
  perSecond: number,
  steps: readonly Step[],
  parts: StreamParts,
): Promise<void> {
  const due = [...steps].sort((a, b) => a.at - b.at)
  const running: Promise<void>[] = []
  let published = 0
  const start = (share: number) => {
    while (due[0] !== undefined && share >= due[0].at) {
      const task = due.shift()?.run() ?? Promise.resolve()
      // Awaited below; until then a failure must not count as one that nobody looks at.
      task.catch(() => {})
      running.push(task)
    }
  }
  for (const most of [Math.floor(WITHDRAWN_BY * count), Number.POSITIVE_INFINITY]) {
    for await (const batch of paced(first(records, most), perSecond)) {
      parts.signal.throwIfAborted()
      await parts.publisher.send(batch, Date.now())
      published += batch.length
      parts.onPublished(batch.length)
      start(published / count)
    }
    await Promise.all(running)
  }
  start(1)
  await Promise.all(running)
}

/** The next `most` records; the iterator can be gone on with. */
function* first(records: Iterator<Planned>, most: number): Generator<Planned> {
  for (let i = 0; i < most; i++) {
    const next = records.next()
    if (next.done === true) return
    yield next.value
  }
}
