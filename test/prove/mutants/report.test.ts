import { expect, test } from 'vitest'
import { type FoundError, type Report, readFate } from './report.ts'

const assertion: FoundError = { name: 'AssertionError', message: 'expected 1 to be 2', cause: null }
const crash: FoundError = { name: 'TypeError', message: 'x is not a function\nat y', cause: null }

function property(cause: FoundError): FoundError {
  return { name: 'Error', message: 'Property failed after 1 tests', cause }
}

function reportOf(report: Partial<Report>): Report {
  return { passed: 3, failed: [], broken: [], ...report }
}

function failing(...errors: FoundError[]): Report {
  return reportOf({ failed: [{ name: 'the test', errors }] })
}

test('A mutant is caught by an assertion that failed, also one below a property', () => {
  expect(readFate(failing(assertion), 1)).toEqual({ kind: 'caught', by: 'the test' })
  expect(readFate(failing(property(assertion)), 1)).toEqual({ kind: 'caught', by: 'the test' })
  expect(readFate(failing(crash, assertion), 1)).toEqual({ kind: 'caught', by: 'the test' })
})

test('A mutant that passes all tests survives', () => {
  expect(readFate(reportOf({}), 0)).toEqual({ kind: 'survived' })
})

test.each<[string, Report | null, number | null, string]>([
  ['crashes', failing(crash), 1, 'an error and no assertion: the test: TypeError: x is not a function'],
  ['crashes below a property', failing(property(crash)), 1, 'an error and no assertion: the test: TypeError: x is'],
  ['fails without an error', failing(), 1, 'no error'],
  [
    'speaks of assertions without being one',
    failing({ name: 'Error', message: 'AssertionError: 1', cause: null }),
    1,
    'an error and no assertion',
  ],
  ['does not load', reportOf({ passed: 0, broken: ['no export named x'] }), 1, 'no export named x'],
  ['does not load in one of several files', reportOf({ broken: ['no export named x'] }), 1, 'no export named x'],
  ['has no tests', reportOf({ passed: 0 }), 0, 'there was no test'],
  ['ends before it reports', null, 134, 'exit code 134'],
  ['ends in an error after its tests', reportOf({}), 1, 'exit code 1'],
])('What %s is no mutant', (_what, report, code, why) => {
  const fate = readFate(report, code)
  expect(fate.kind).toBe('void')
  expect(fate).toHaveProperty('why', expect.stringContaining(why))
})
