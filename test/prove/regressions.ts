import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A seed that once failed; `npm test` tries it each time. */
export interface Regression {
  readonly claim: string
  readonly seed: number
}

const FILE = join(import.meta.dirname, 'regressions.json')

export function readRegressions(): readonly Regression[] {
  return JSON.parse(readFileSync(FILE, 'utf8'))
}

/** Adds what is not there yet. */
export function keepRegressions(found: readonly Regression[]): void {
  const known = readRegressions()
  const fresh = found.filter((one) => !known.some(({ claim, seed }) => claim === one.claim && seed === one.seed))
  if (fresh.length > 0) writeFileSync(FILE, `${JSON.stringify([...known, ...fresh], null, 2)}\n`)
}
