import { expect, it } from 'vitest'
import { Random } from '../workload/random.ts'
import { distanceFromChance, foundGreedily, type Likeness, shareAsFar } from './evidence.ts'

/** All orders of so many. */
function permutations(size: number): number[][] {
  if (size === 0) return [[]]
  return permutations(size - 1).flatMap((shorter) =>
    Array.from({ length: size }, (_, at) => [...shorter.slice(0, at), size - 1, ...shorter.slice(at)]),
  )
}

function drawn(size: number, random: Random): Likeness {
  return Array.from({ length: size }, () => Array.from({ length: size }, () => random.fraction()))
}

it('measures the distance from chance as all pairings together give it', () => {
  const random = new Random('exact')
  const [one, other] = [drawn(4, random), drawn(3, random)]
  const along = (likeness: Likeness, order: readonly number[]) =>
    order.reduce((sum, j, i) => sum + (likeness[i]?.[j] as number), 0)
  const sums = permutations(4).flatMap((first) => permutations(3).map((last) => along(one, first) + along(other, last)))
  const mean = sums.reduce((sum, value) => sum + value, 0) / sums.length
  const deviation = Math.sqrt(sums.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sums.length)
  const truth = along(one, [0, 1, 2, 3]) + along(other, [0, 1, 2])
  expect(distanceFromChance([one, other])).toBeCloseTo((truth - mean) / deviation, 9)
  const asFar = sums.filter((value) => Math.abs(value - mean) >= Math.abs(truth - mean) - 1e-9).length / sums.length
  expect(shareAsFar([one, other], 20_000, new Random('tries'))).toBeCloseTo(asFar, 1)
})

it('is none where all are alike, where each stands alone, and where one is like everybody', () => {
  const like = [
    [
      [1, 1],
      [1, 1],
    ],
    [[5]],
    [
      [2, 2, 2],
      [0, 0, 0],
      [1, 1, 1],
    ],
  ]
  expect(distanceFromChance(like)).toBe(0)
})

it('an attacker takes who is most alike first, and guesses among equals', () => {
  const sure = [
    [0, 9, 1],
    [0, 0, 2],
    [9, 1, 1],
  ]
  expect(foundGreedily(sure, 1, new Random('sure'))).toBe(0)
  expect(
    foundGreedily(
      sure.map((row, i) => row.map((_, j) => (i === j ? 1 : 0))),
      1,
      new Random('sure'),
    ),
  ).toBe(3)
  const equal = Array.from({ length: 5 }, () => Array.from({ length: 5 }, () => 0))
  const random = new Random('guess')
  let found = 0
  for (let run = 0; run < 2_000; run++) found += foundGreedily(equal, 1, random)
  expect(found / 2_000).toBeCloseTo(1, 0)
})
