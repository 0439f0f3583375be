/** Kafka's murmur2 (seed 0x9747b28c), written down from its definition. Partition of a key: positive hash mod partitions. */
export function partitionOf(key: Buffer, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

const M = 0x5bd1e995

function murmur2(data: Buffer): number {
  let hash = 0x9747b28c ^ data.length
  const whole = data.length & ~3
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(data.readInt32LE(at), M)
    word ^= word >>> 24
    hash = Math.imul(hash, M) ^ Math.imul(word, M)
  }
  const rest = data.length - whole
  if (rest >= 3) hash ^= (data[whole + 2] as number) << 16
  if (rest >= 2) hash ^= (data[whole + 1] as number) << 8
  if (rest >= 1) hash = Math.imul(hash ^ (data[whole] as number), M)
  hash = Math.imul(hash ^ (hash >>> 13), M)
  return hash ^ (hash >>> 15)
}
