/** A record of one partition as text that is equal exactly when key, value and timestamp are equal byte by byte. */
export type RecordText = string

export interface Differences {
  /** Records of the source that are not in the copy. */
  readonly missing: number
  /** Records of the copy that the source does not have, or not that often. */
  readonly extra: number
  /** Records of the copy that stand behind one that comes later in the source. */
  readonly outOfOrder: number
}

export const NO_DIFFERENCES: Differences = { missing: 0, extra: 0, outOfOrder: 0 }

/**
 * Compares one partition's copy with its source, both in log order. All records of a key lie in one partition, so order
 * in the partition is order per key.
 */
export function compare(source: readonly RecordText[], copy: readonly RecordText[]): Differences {
  const places = new Map<RecordText, number[]>()
  for (const [place, record] of source.entries()) {
    const same = places.get(record)
    if (same === undefined) places.set(record, [place])
    else same.push(place)
  }
  for (const same of places.values()) same.reverse()
  let found = 0
  let extra = 0
  let outOfOrder = 0
  let furthest = -1
  for (const record of copy) {
    // Of equal records the copy's first is the source's first.
    const place = places.get(record)?.pop()
    if (place === undefined) {
      extra++
      continue
    }
    found++
    if (place < furthest) outOfOrder++
    else furthest = place
  }
  return { missing: source.length - found, extra, outOfOrder }
}

export function sum(some: readonly Differences[]): Differences {
  return some.reduce(
    (a, b) => ({
      missing: a.missing + b.missing,
      extra: a.extra + b.extra,
      outOfOrder: a.outOfOrder + b.outOfOrder,
    }),
    NO_DIFFERENCES,
  )
}
