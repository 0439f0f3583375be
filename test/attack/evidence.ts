import type { Random } from '../workload/random.ts'

/** How alike each two of a class are; who is who stands on the diagonal. */
export type Likeness = readonly (readonly number[])[]

/**
 * How far true pairs are from what chance gives, in standard deviations; 0 where all are alike. If the channel tells
 * nothing, every pairing within the classes is as likely as the true one; mean and variance over all of them are exact.
 */
export function distanceFromChance(classes: readonly Likeness[]): number {
  const deviation = Math.sqrt(sum(classes.map(varianceOf)))
  if (deviation < 1e-6) return 0
  return (truthOf(classes) - sum(classes.map(meanOf))) / deviation
}

/** The permutation test: the share of `pairings` pairings drawn at random that are as far from chance as the true one. */
export function shareAsFar(classes: readonly Likeness[], pairings: number, random: Random): number {
  const expected = sum(classes.map(meanOf))
  // Sums of the same numbers in another order may differ in the last bits.
  const distance = Math.abs(truthOf(classes) - expected) - 1e-9
  let asFar = 0
  for (let tried = 0; tried < pairings; tried++) {
    if (Math.abs(sum(classes.map((likeness) => pairedAtRandom(likeness, random))) - expected) >= distance) asFar++
  }
  return asFar / pairings
}

/**
 * How many true pairs an attacker finds who takes the two that are most alike, then the next two; those equally alike in
 * random order. `sign` -1 takes the least alike.
 */
export function foundGreedily(likeness: Likeness, sign: 1 | -1, random: Random): number {
  const pairs = likeness.flatMap((row, i) =>
    row.map((alike, j) => ({ i, j, alike: alike * sign, tie: random.uint32() })),
  )
  pairs.sort((one, other) => other.alike - one.alike || one.tie - other.tie)
  const [takenA, takenB] = [new Set<number>(), new Set<number>()]
  let found = 0
  for (const { i, j } of pairs) {
    if (takenA.has(i) || takenB.has(j)) continue
    takenA.add(i)
    takenB.add(j)
    if (i === j) found++
  }
  return found
}

function pairedAtRandom(likeness: Likeness, random: Random): number {
  const places = likeness.map((_, i) => i)
  let total = 0
  for (let left = places.length; left > 0; left--) {
    const drawn = random.below(left)
    total += (likeness[left - 1] as readonly number[])[places[drawn] as number] as number
    places[drawn] = places[left - 1] as number
  }
  return total
}

function truthOf(classes: readonly Likeness[]): number {
  return sum(classes.map((likeness) => sum(likeness.map((row, i) => row[i] as number))))
}

/** Of the sum along a random permutation. */
function meanOf(likeness: Likeness): number {
  return sum(likeness.map(sum)) / likeness.length
}

/** Of the sum along a random permutation (Hoeffding 1951): what rows and columns alone give does not vary. */
function varianceOf(likeness: Likeness): number {
  const size = likeness.length
  if (size < 2) return 0
  const rows = likeness.map((row) => sum(row) / size)
  const columns = likeness.map((_, j) => sum(likeness.map((row) => row[j] as number)) / size)
  const all = sum(rows) / size
  const squares = likeness.map((row, i) =>
    sum(row.map((value, j) => (value - (rows[i] as number) - (columns[j] as number) + all) ** 2)),
  )
  return sum(squares) / (size - 1)
}

function sum(values: readonly number[]): number {
  let total = 0
  for (const value of values) total += value
  return total
}
