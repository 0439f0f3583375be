import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { proveMutants, someMutants } from './prove-mutants.ts'

const ROOT = join(import.meta.dirname, '../../..')

test('There are at least 40 leaks and 3 changes of nothing in three libraries or services, each of its own', () => {
  const unchanged = MUTANTS.filter(({ kind }) => kind === 'unchanged')
  expect(MUTANTS.length - unchanged.length).toBeGreaterThanOrEqual(40)
  expect(new Set(unchanged.map(({ file }) => file.split('/')[1])).size).toBeGreaterThanOrEqual(3)
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  const changes = MUTANTS.map(({ file, find, replace }) => [file, find, replace].join('\n'))
  expect(new Set(changes).size).toBe(MUTANTS.length)
})

test('Each replaces what stands in its file just once', () => {
  const astray = MUTANTS.filter(({ file, find }) => readFileSync(join(ROOT, file), 'utf8').split(find).length !== 2)
  expect(astray.map(({ file, name }) => `${file}: ${name}`)).toEqual([])
})

/** The short form of `npm run prove -- --only mutants`. */
test('Of a few, each leak is caught and what changes nothing survives', { timeout: 120_000 }, async () => {
  const lines: string[] = []
  const { seeded, caught, unchanged, survived } = await proveMutants(someMutants(4, 7), (line) => lines.push(line))
  expect({ caught, survived }, lines.join('\n')).toEqual({ caught: seeded, survived: unchanged })
  expect(seeded).toBeGreaterThanOrEqual(3)
  expect(unchanged).toBeGreaterThanOrEqual(1)
})
