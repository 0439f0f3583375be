/**
 * murmur2 as Kafka's Java client computes it for record keys (seed 0x9747b28c), over bytes [start, end).
 * The result is a signed 32-bit number, as in Java.
 */
export function murmur2(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ (end - start)
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word =
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
    let k = Math.imul(word, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = end - at
  if (rest > 2) h ^= (bytes[at + 2] ?? 0) << 16
  if (rest > 1) h ^= (bytes[at + 1] ?? 0) << 8
  if (rest > 0) h = Math.imul(h ^ (bytes[at] ?? 0), m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

/** The partition that Kafka's Java client gives a key: (murmur2 & 0x7fffffff) mod the number of partitions. */
export function partitionOf(bytes: Uint8Array, partitions: number): number {
  return (murmur2(bytes) & 0x7fffffff) % partitions
}
