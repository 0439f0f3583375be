import { parentPort, workerData } from 'node:worker_threads'
import type { Try, WorkerSetup } from './outcome.ts'
import { becomeSimulator } from './simulator.ts'

/** A thread that runs the schedules it is sent, one after another, and answers each by its outcome. */
const port = parentPort
if (port === null) throw new Error('This runs in a worker thread only')
const setup: WorkerSetup = workerData
const runSchedule = await becomeSimulator(setup)
// Loads what the checks need after the code under test, which must be the first to load what is replaced.
const { trySchedule } = await import('./try-schedule.ts')

let last: Promise<void> = Promise.resolve()
port.on('message', (tried: Try) => {
  last = last.then(async () => port.postMessage(await trySchedule(runSchedule, tried, setup.keepsLog)))
})
