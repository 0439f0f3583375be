import { describe, expect, test } from 'vitest'
import { CLAIMS, type Claim } from './claims.ts'
import { readRegressions } from './regressions.ts'
import { trySeeds } from './try-seeds.ts'

const claims = CLAIMS.map((claim) => [claim.name, claim] as const)

/** The short form of `npm run prove`: always the same seeds, a few hundredths of the cases. */
const CASES = 12_000

describe('in generated cases', () => {
  test.each(claims)('%s holds', (_name, claim) => {
    const { cases, failed } = trySeeds(claim, 1, 1, (CASES * claim.percent) / 100)
    // Once more, so that the test ends in the very error: a crash of the code is no assertion that failed.
    for (const { seed } of failed) claim.run(seed)
    expect(failed).toEqual([])
    expect(cases).toBeGreaterThanOrEqual((CASES * claim.percent) / 100)
  })

  test('what once failed holds', () => {
    for (const { claim: name, seed } of readRegressions()) {
      const claim = CLAIMS.find((one) => one.name === name)
      expect(() => claim?.run(seed), `${name}, seed ${seed}`).not.toThrow()
    }
  })
})

test('A claim that does not hold of some seeds is told with these', () => {
  const odd: Claim = {
    name: 'odd',
    percent: 100,
    run(seed) {
      if (seed % 2 === 1) throw new Error('odd')
      return 10
    },
  }
  expect(trySeeds(odd, 1, 1, 30)).toEqual({
    claim: 'odd',
    cases: 30,
    failed: [1, 3, 5].map((seed) => ({ seed, why: 'odd' })),
  })
  expect(trySeeds(odd, 1, 2, 30).failed).toHaveLength(5)
})
