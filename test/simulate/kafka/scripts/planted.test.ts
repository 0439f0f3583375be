import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { modelGround } from './grounds.ts'
import { scripts } from './index.ts'
import { type Planted, planted } from './planted.ts'

describe.concurrent('a script shows that the model is wrong when', () => {
  for (const mistake of planted) {
    test(mistake.mistake, async () => {
      const [without, withIt] = await Promise.all([onTheModel(mistake.shownBy), inThread(mistake)])
      expect(withIt).not.toEqual(without)
    })
  }
})

/** What comparing with a real broker is to give as well: test/e2e/kafka-model.test.ts. */
async function onTheModel(name: string): Promise<unknown> {
  const { ground, close } = await modelGround('planted.')
  const seen = await scripts.find((script) => script.name === name)?.run(ground)
  await close()
  return structuredClone(seen)
}

function inThread(mistake: Planted): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./planted-worker.ts', import.meta.url), { workerData: mistake })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
