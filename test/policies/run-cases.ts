import { loadContracts } from '@weir/contracts'
import { EventPass } from '../../services/cli/src/cases/pass-event.ts'
import { readCases } from '../../services/cli/src/cases/read-cases.ts'
import { type Mismatch, runCase } from '../../services/cli/src/cases/run-case.ts'
import type { Preset } from './presets.ts'

export interface CasesRun {
  readonly passed: number
  /** One line a failed case, or a fault in a file of cases. */
  readonly failures: readonly string[]
}

/** Runs the cases of a preset's streams as `weir policy test` does. A file that can't be read is a failure. */
export function runCases(preset: Preset): CasesRun {
  const contracts = loadContracts(preset.files)
  const failures: string[] = []
  let passed = 0
  for (const stream of contracts.streams) {
    const file = `${stream.name}/cases.yaml`
    const { cases, faults } = readCases(preset.files.get(file) ?? '', file, stream, contracts)
    failures.push(...faults.map(({ line, column, what, mend }) => `${file}:${line}:${column}: ${what}. ${mend}`))
    const pass = new EventPass(contracts, stream)
    for (const one of cases) {
      const mismatches = runCase(pass, one)
      if (mismatches.length === 0) passed++
      else failures.push(`${file}:${one.line}: ${one.name}: ${mismatches.map(textOf).join('; ')}`)
    }
  }
  return { passed, failures }
}

function textOf({ purpose, decided, differences }: Mismatch): string {
  const parts = differences.map(
    ({ path, expected, actual }) => `${path} expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
  )
  return `${purpose ?? 'the event'} (${decided}): ${parts.join(', ')}`
}
