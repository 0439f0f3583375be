import { lintContracts } from '@weir/contracts'
import { missed } from './find-planted.ts'
import { plantedMistakes } from './planted.ts'
import { presets } from './presets.ts'
import { runCases } from './run-cases.ts'

export interface PolicyReport {
  /** What a person reads, line by line. */
  readonly lines: readonly string[]
  readonly summary: {
    readonly streams: number
    readonly cases: { readonly passed: number; readonly failed: number }
    readonly planted: number
    readonly found: number
  }
  readonly good: boolean
}

/** Lints the presets, runs their cases, and looks whether lint finds what is planted into them. */
export function policyReport(): PolicyReport {
  const lines: string[] = []
  const all = presets()
  let clean = true
  let [passed, failed] = [0, 0]
  for (const preset of all) {
    const findings = lintContracts(preset.files).findings.filter(({ severity }) => severity !== 'note')
    const cases = runCases(preset)
    passed += cases.passed
    failed += cases.failures.length
    clean &&= findings.length === 0
    const lint = findings.length === 0 ? 'lint clean' : `lint: ${findings.length} found`
    const sum = `${cases.passed} cases passed, ${cases.failures.length} failed`
    lines.push(`${preset.name.padEnd(6)} ${lint}, ${sum}`)
    for (const { file, line, column, what, rule } of findings) {
      lines.push(`  ${preset.name}/${file}:${line}:${column}: ${what} [${rule}]`)
    }
    lines.push(...cases.failures.map((failure) => `  ${preset.name}: ${failure}`))
  }
  const mistakes = plantedMistakes()
  const byName = new Map(all.map((preset) => [preset.name, preset]))
  let found = 0
  for (const mistake of mistakes) {
    const preset = byName.get(mistake.preset)
    const why = preset === undefined ? `there is no preset ${mistake.preset}` : missed(mistake, preset)
    if (why === null) found++
    else lines.push(`  missed: ${mistake.kind} (${mistake.preset}/${mistake.file}): ${why}`)
  }
  lines.push(`planted mistakes: ${found} of ${mistakes.length} found, each with its file and line`)
  const good = clean && passed > 0 && failed === 0 && found === mistakes.length
  return { lines, summary: { streams: all.length, cases: { passed, failed }, planted: mistakes.length, found }, good }
}
