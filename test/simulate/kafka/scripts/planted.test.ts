import { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Replacement } from '../../defences/replaced-source.ts'
import { planted } from './planted.ts'

/** What the model gives as it is; a real broker gives the same: test/e2e/kafka-model.test.ts. */
let right: Readonly<Record<string, unknown>>

beforeAll(async () => {
  right = await inThread([...new Set(planted.map(({ shownBy }) => shownBy))], [])
})

describe.concurrent('a script shows that the model is wrong when', () => {
  for (const { mistake, shownBy, ...replacement } of planted) {
    test(mistake, async () => {
      const wrong = await inThread([shownBy], [replacement])
      expect(wrong[shownBy]).not.toEqual(right[shownBy])
    })
  }
})

/** In threads, whose timers end with them: the model's outlast a script. */
function inThread(names: readonly string[], mistakes: readonly Replacement[]): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./planted-worker.ts', import.meta.url), { workerData: { names, mistakes } })
    worker.once('error', reject)
    worker.once('message', (seen: Record<string, unknown>) => {
      void worker.terminate().then(() => resolve(seen), reject)
    })
  })
}
