/**
 * `npm run policies`: are the presets clean, do their cases pass, is every planted mistake found? Exit 0 if so, else 20.
 * With `--json` the last line, the only one on stdout, is the summary as JSON.
 */
import { policyReport } from './report.ts'

const EXIT_USAGE = 2
const EXIT_VIOLATION = 20

const args = process.argv.slice(2)
const json = args.includes('--json')
if (args.some((arg) => arg !== '--json')) {
  process.stderr.write('usage: npm run policies [-- --json]\n')
  process.exitCode = EXIT_USAGE
} else {
  const { lines, summary, good } = policyReport()
  const text = `${lines.join('\n')}\n`
  if (json) process.stderr.write(text)
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : text)
  process.exitCode = good ? 0 : EXIT_VIOLATION
}
