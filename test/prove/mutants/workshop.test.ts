import { afterAll, expect, test } from 'vitest'
import type { Mutant } from './mutant.ts'
import { Workshop } from './workshop.ts'

const workshop = new Workshop()
afterAll(() => workshop.remove())

const mutant: Mutant = {
  name: 'a sealed record tells its size',
  file: 'libs/pseudonym/src/padding.ts',
  find: 'size *= 2',
  replace: 'size += 1',
  kind: 'leak',
  tests: ['libs/pseudonym/src/seal.test.ts'],
}

test('A change is caught by the assertion that it breaks, and gone for the next one', { timeout: 60_000 }, async () => {
  expect(await workshop.try(mutant)).toMatchObject({ kind: 'caught' })
  expect(await workshop.try({ ...mutant, replace: 'size += size' })).toEqual({ kind: 'survived' })
})

test.each([
  ['has a type error', { replace: "size *= '2'" }, 'does not type-check'],
  [
    'does not load',
    { find: 'const PREFIX_BYTES = 4', replace: "const PREFIX_BYTES: number = JSON.parse('{')" },
    'not load',
  ],
  ['only crashes', { replace: "size = Math.trunc(JSON.parse('\"'))" }, 'an error and no assertion'],
  ['does not fit', { find: 'size **= 2' }, 'just once'],
])('What %s is no mutant', { timeout: 60_000 }, async (_what, change, why) => {
  const fate = await workshop.try({ ...mutant, ...change })
  expect(fate.kind).toBe('void')
  expect(fate).toHaveProperty('why', expect.stringContaining(why))
})
