import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CLAIMS } from './claims.ts'
import { keepRegressions } from './regressions.ts'
import type { Tried } from './try-seeds.ts'
import type { Share } from './try-worker.ts'

export interface CasesProved {
  readonly cases: number
  readonly byClaim: Readonly<Record<string, number>>
  readonly failed: number
}

/** Tries so many generated cases on all cores. Failing seeds are said, and kept in regressions.json. */
export async function proveCases(cases: number, seed: number, say: (line: string) => void): Promise<CasesProved> {
  const threads = availableParallelism()
  const shares = Array.from({ length: threads }, (_, thread) =>
    tried({ firstSeed: seed + thread, step: threads, cases: Math.ceil(cases / threads) }, say),
  )
  const all = (await Promise.all(shares)).flat()
  const failures = all.flatMap(({ claim, failed }) => failed.map((one) => ({ claim, ...one })))
  keepRegressions(failures.map(({ claim, seed: failing }) => ({ claim, seed: failing })))
  const byClaim = Object.fromEntries(
    CLAIMS.map(({ name }) => [name, sum(all.filter(({ claim }) => claim === name).map((one) => one.cases))]),
  )
  return { cases: sum(Object.values(byClaim)), byClaim, failed: failures.length }
}

function tried(share: Share, say: (line: string) => void): Promise<Tried[]> {
  return new Promise((resolve, reject) => {
    const found: Tried[] = []
    const worker = new Worker(join(import.meta.dirname, 'try-worker.ts'), { workerData: share })
    worker.on('message', (one: Tried) => {
      found.push(one)
      say(`${one.claim}: ${one.cases} cases, ${one.failed.length} seeds failed`)
      for (const { seed, why } of one.failed) say(`${one.claim} does not hold at seed ${seed}: ${why}`)
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve(found))
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0)
}
