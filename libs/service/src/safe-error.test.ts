import { expect, test } from 'vitest'
import { safeError } from './safe-error.ts'

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('type, code, message, frames and causes stay', () => {
  const error = Object.assign(new TypeError('it broke', { cause: new Error('deeper') }), { code: 'WEIR_X' })
  const safe = safeError(error)
  expect(safe).toMatchObject({ type: 'TypeError', code: 'WEIR_X', message: 'it broke', cause: { message: 'deeper' } })
  expect(safe.stack).toMatch(/^ {4}at /)
})

test('what a client hangs on its error goes', () => {
  const error = Object.assign(new Error('READONLY'), { command: { name: 'hset', args: ['alice'] }, input: 'alice' })
  expect(JSON.stringify(safeError(error))).not.toContain('alice')
})

test.each([
  ['JSON.parse', () => JSON.parse('alice@example.org')],
  ['a URL', () => new URL('alice@example.org')],
])('the input that %s choked on is not quoted', (_, run) => {
  expect(JSON.stringify(safeError(thrownBy(run)))).not.toContain('alice')
})

test.each([
  ['Redis', new Error("ERR unknown command 'HGETS', with args beginning with: 'alice' ")],
  ['avsc', new Error('invalid "int": "alice"')],
  ['something that is no Error', 'alice'],
])('the input that %s quotes is cut', (_, thrown) => {
  expect(JSON.stringify(safeError(thrown))).not.toContain('alice')
})

test('causes that go round in a circle end', () => {
  const error = new Error('round')
  error.cause = error
  expect(JSON.stringify(safeError(error)).length).toBeGreaterThan(0)
})
