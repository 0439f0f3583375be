import { expect, test } from 'vitest'
import { bearerCheck } from './bearer.ts'

const check = bearerCheck('the-right-token')

test('the right token is let in, however the scheme is spelt', () => {
  expect(check('Bearer the-right-token')).toBe(true)
  expect(check('bearer  the-right-token')).toBe(true)
})

test.each([undefined, '', 'Bearer', 'Bearer ', 'the-right-token', 'Basic the-right-token', 'Bearer the-right-toke'])(
  'anything else is turned away: %s',
  (authorization) => {
    expect(check(authorization)).toBe(false)
  },
)
