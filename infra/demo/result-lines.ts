import { countsWords, grouped } from './progress.ts'
import type { Result } from './verdict.ts'

/** The result in words. */
export function resultLines(result: Result): string[] {
  const { withdrawal } = result
  const lines = [
    '',
    `Of ${grouped(result.raw)} raw records ${grouped(result.quarantined)} are in quarantine (${grouped(result.planted)} were planted).`,
  ]
  for (const [purpose, counts] of Object.entries(result.clean)) lines.push(`  ${purpose}: ${countsWords(counts)}`)
  lines.push(
    `Checked by code that shares none with the services: lost ${result.lost}, repeated ${result.repeated}, leaked ` +
      `${result.leaked}, out of order ${result.outOfOrder}; ${grouped(result.ambiguous)} decided while a decision was under way.`,
  )
  if (withdrawal !== null) {
    lines.push(
      `Withdrawal: in force after ${Math.round(withdrawal.effectiveMs)} ms. Before it ${grouped(withdrawal.grantedBefore)} ` +
        `events of theirs passed; of ${grouped(withdrawal.rawAfter)} after it ${withdrawal.leakedAfter}.`,
    )
  }
  lines.push(
    `${grouped(result.personalValuesSearched)} personal values, searched plain, in hex, base64 and SHA-256 in clean and ` +
      `consent topics, Redis, logs, metrics and quarantine headers: found ${result.personalValuesFound} times.`,
    `First clean record after ${result.secondsToFirstClean.toFixed(1)} s; all in ${result.seconds.toFixed(1)} s.`,
  )
  if (result.violations.length === 0) return [...lines, 'All is well.']
  return [...lines, 'Not well:', ...result.violations.map((violation) => `  ${violation}`)]
}
