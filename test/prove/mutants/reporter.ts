/** Of vitest, in a workshop: writes to the file that the workshop reads. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { type FailedTest, type FoundError, firstLine, type Report } from './report.ts'

export const REPORT_FILE = 'report.json'

// biome-ignore lint/style/noDefaultExport: vitest takes what a reporter file exports by default
export default class MutantReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const failed = tests.flatMap((test): FailedTest[] => {
      const { state, errors } = test.result()
      return state === 'failed' ? [{ name: test.fullName, errors: errors.map(foundError) }] : []
    })
    const broken = [...modules.flatMap((module) => module.errors()), ...unhandled]
    const report: Report = {
      passed: tests.filter((test) => test.result().state === 'passed').length,
      failed,
      broken: broken.map(({ message }) => firstLine(message)),
    }
    writeFileSync(join(process.cwd(), REPORT_FILE), JSON.stringify(report))
  }
}

function foundError({ name, message, cause }: Partial<SerializedError>): FoundError {
  const below = typeof cause === 'object' && cause !== null ? foundError(cause) : null
  return { name: name ?? 'Error', message: message ?? '', cause: below }
}
