import type { Fate } from './mutant.ts'

/** How tests went, as the reporter wrote it down. */
export interface Report {
  readonly passed: number
  readonly failed: readonly FailedTest[]
  /** Messages of test files that did not load, and of errors outside of any test. */
  readonly broken: readonly string[]
}

export interface FailedTest {
  readonly name: string
  readonly errors: readonly FoundError[]
}

/** An error's name and message, and those of what caused it: fast-check throws what a property threw as a cause. */
export interface FoundError {
  readonly name: string
  readonly message: string
  readonly cause: FoundError | null
}

/**
 * Says what became of a mutant. A test that ends in any other error (a crash of the mutated code, a timeout, a fixture
 * that gives up) has found nothing: an assertion must have failed.
 * @param report null when the tests wrote none
 */
export function readFate(report: Report | null, exitCode: number | null): Fate {
  if (report === null) return { kind: 'void', why: `the tests reported nothing (exit code ${exitCode})` }
  const { passed, failed, broken } = report
  const caught = failed.find(({ errors }) => errors.some(isAssertion))
  if (caught !== undefined) return { kind: 'caught', by: caught.name }
  const [crashed] = failed
  if (crashed !== undefined) {
    return { kind: 'void', why: `an error and no assertion: ${crashed.name}: ${innermost(crashed.errors[0])}` }
  }
  if (broken.length > 0) return { kind: 'void', why: `tests break or do not load: ${broken[0]}` }
  if (passed === 0) return { kind: 'void', why: 'there was no test' }
  return exitCode === 0 ? { kind: 'survived' } : { kind: 'void', why: `exit code ${exitCode} without a failed test` }
}

function isAssertion(error: FoundError): boolean {
  return error.name === 'AssertionError' || (error.cause !== null && isAssertion(error.cause))
}

function innermost(error: FoundError | undefined): string {
  if (error === undefined) return 'no error'
  return error.cause === null ? `${error.name}: ${firstLine(error.message)}` : innermost(error.cause)
}

export function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? ''
}
