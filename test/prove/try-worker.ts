/** A thread's share of the cases: posts what it found of each claim. */
import { parentPort, workerData } from 'node:worker_threads'
import { CLAIMS } from './claims.ts'
import { trySeeds } from './try-seeds.ts'

export interface Share {
  readonly firstSeed: number
  /** Distance of this thread's seeds. */
  readonly step: number
  readonly cases: number
}

const { firstSeed, step, cases } = workerData as Share
for (const claim of CLAIMS) {
  parentPort?.postMessage(trySeeds(claim, firstSeed, step, Math.ceil((cases * claim.percent) / 100)))
}
