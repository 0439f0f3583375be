import type { Random } from './environment.ts'

/**
 * The orders in which a purpose's records leave, of this purpose's own, so that two purposes' batches can't be laid side
 * by side (promise 7).
 */

/** More rows than a chunk has. Together with 32 bits of a pseudonym a row's index still fits a number exactly. */
const ROWS = 2 ** 20

/**
 * Rows in the order of their people's pseudonyms, of which the first 32 bits are compared; each person's in the order they
 * had. Two people whose 32 bits are the same (one pair in 2^32) keep the order between their rows too. That tells who was
 * first of these two in this purpose; in another one they stand apart, so there is nothing to hold it against.
 *
 * @param rows ascending, fewer than 2^20
 * @param subject person a row @param place first 32 bits of the pseudonym a person
 */
export function byPseudonym(rows: readonly number[], subject: Int32Array, place: Float64Array): Float64Array {
  const order = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number
    order[i] = (place[subject[row] as number] as number) * ROWS + row
  }
  order.sort()
  for (let i = 0; i < order.length; i++) order[i] = (order[i] as number) % ROWS
  return order
}

/** Shuffles rows in place (Fisher and Yates). */
export function shuffled(rows: number[], random: Random): number[] {
  for (let left = rows.length - 1; left > 0; left--) {
    const other = random.below(left + 1)
    const held = rows[left] as number
    rows[left] = rows[other] as number
    rows[other] = held
  }
  return rows
}
