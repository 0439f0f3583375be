import type { KafkaLab } from './lab.ts'

/** What came of a recipe. It throws when anything else is not as it must be. */
export interface Found {
  /** What the client, or for a fact of the protocol the broker, did. */
  readonly did: string
  /** Records that were promised and are not there. */
  readonly lost: number
  /** Records that are there more often than they were to be. */
  readonly repeated: number
}

/**
 * A fault, or a way of use, with which Kafka clients have lost, leaked or repeated records; or a fact of the protocol
 * that ours rests on. Written once: the tests and `npm run faults` run it.
 */
export interface Recipe {
  /** A sentence about behaviour. */
  readonly name: string
  /** It kills or freezes the broker, so it needs one of its own. */
  readonly breaksBroker?: boolean
  run(lab: KafkaLab): Promise<Found>
}

/** Counts what was promised and is missing, and what is there too often. What nobody promised must not be there at all. */
export function tally(
  promised: readonly string[],
  seen: readonly (string | null)[],
): { readonly lost: number; readonly repeated: number } {
  const left = new Map<string, number>()
  for (const value of promised) left.set(value, (left.get(value) ?? 0) + 1)
  let repeated = 0
  for (const value of seen) {
    const count = value === null ? undefined : left.get(value)
    if (value === null || count === undefined) throw new Error(`a record that was never promised is visible: ${value}`)
    if (count === 0) repeated++
    else left.set(value, count - 1)
  }
  let lost = 0
  for (const count of left.values()) lost += count
  return { lost, repeated }
}

/** For facts that are about no records. */
export function fact(did: string): Found {
  return { did, lost: 0, repeated: 0 }
}
