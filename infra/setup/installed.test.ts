import { expect, test } from 'vitest'
import { firstDifference } from './installed.mjs'

const a = { version: '1.0.0', integrity: 'sha512-a' }
const wanted = { '': { version: '0.1.0' }, 'node_modules/a': a, 'libs/x': { version: '0.1.0' } }
const present = { 'node_modules/a': a, 'libs/x': { version: '0.1.0' } }

test('equal lists do not differ', () => {
  expect(firstDifference(wanted, present)).toBeNull()
})

test.each([
  ['a package is absent', wanted, { 'libs/x': { version: '0.1.0' } }],
  ['a package has other bytes', wanted, { ...present, 'node_modules/a': { ...a, integrity: 'sha512-b' } }],
  ['a workspace has another version', wanted, { ...present, 'libs/x': { version: '0.2.0' } }],
  ['a package is too many', wanted, { ...present, 'node_modules/b': a }],
  ['a package became a link', wanted, { ...present, 'node_modules/a': { ...a, link: true } }],
  ['an optional one has other bytes', { o: { ...a, optional: true } }, { o: { ...a, integrity: 'sha512-b' } }],
])('when %s they differ', (_, want, have) => {
  expect(firstDifference(want, have)).toMatch(/\S/)
})

test('an optional package for another platform may be absent', () => {
  expect(firstDifference({ ...wanted, 'node_modules/o': { ...a, optional: true } }, present)).toBeNull()
})
