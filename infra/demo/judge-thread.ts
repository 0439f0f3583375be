import { parentPort, workerData } from 'node:worker_threads'
import { judge } from './judge.ts'

/** The thread in which a run is judged; see judge-in-thread.ts. */
const judgement = await judge(workerData)
parentPort?.postMessage(judgement)
