/** Random numbers that a seed determines; test/workload/random.ts is one. */
export interface Random {
  /** Whole number in [0, below). */
  below(below: number): number
}

export function bytesOf(random: Random, count: number): Buffer {
  const bytes = Buffer.alloc(count)
  for (let at = 0; at < count; at++) bytes[at] = random.below(256)
  return bytes
}

/** A UUID of version 4, RFC 9562. */
export function uuidOf(random: Random): string {
  const bytes = bytesOf(random, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
