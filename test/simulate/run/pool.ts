import { Worker } from 'node:worker_threads'
import type { Outcome, Try, WorkerSetup } from './outcome.ts'

const WORKER = new URL('./worker.ts', import.meta.url)

/** Further tries wait in their worker, so that it never waits for us. */
const AHEAD = 2

/**
 * Runs schedules in worker threads. Which thread runs one is chance, what comes out is not.
 *
 * @param tries asked for the next as long as it gives one
 * @param onOutcome in the order in which they end; false: nothing else is begun
 */
export async function runTries(
  tries: Iterator<Try>,
  { workers, ...setup }: WorkerSetup & { readonly workers: number },
  onOutcome: (outcome: Outcome) => boolean,
): Promise<void> {
  let isOver = false
  const next = (): Try | undefined => {
    if (isOver) return undefined
    const { done, value } = tries.next()
    if (done === true) isOver = true
    return done === true ? undefined : value
  }
  await Promise.all(
    Array.from({ length: workers }, () =>
      runWorker(setup, next, (outcome) => {
        if (!onOutcome(outcome)) isOver = true
      }),
    ),
  )
}

async function runWorker(
  setup: WorkerSetup,
  next: () => Try | undefined,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const worker = new Worker(WORKER, { workerData: setup, execArgv: [] })
  const outstanding: Try[] = []
  const sendNext = () => {
    const tried = next()
    if (tried === undefined) return
    outstanding.push(tried)
    worker.postMessage(tried)
  }
  const during = () => `The simulator ended during ${JSON.stringify(outstanding[0] ?? 'its start')}`
  try {
    await new Promise<void>((resolve, reject) => {
      // An error that nobody caught, also of the code under test: it would have ended a process.
      worker.on('error', (error) => reject(new Error(during(), { cause: error })))
      worker.on('exit', (code) => reject(new Error(`${during()}, with ${code}`)))
      worker.on('message', (outcome: Outcome) => {
        outstanding.shift()
        onOutcome(outcome)
        sendNext()
        if (outstanding.length === 0) resolve()
      })
      for (let i = 0; i < AHEAD; i++) sendNext()
      if (outstanding.length === 0) resolve()
    })
  } finally {
    worker.removeAllListeners('exit')
    await worker.terminate()
  }
}
