import zlib from 'node:zlib'

/** What a compressed batch may grow to: far above what a broker takes as one batch, far below what would harm us. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024

const GZIP = 1
const ZSTD = 4
const names: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** Records of a compressed batch. `codec` is the batch's attribute; throws with a plain message what it can't do. */
export function inflate(records: Buffer, codec: number): Buffer {
  const limit = { maxOutputLength: MAX_INFLATED_BYTES }
  if (codec === GZIP) return zlib.gunzipSync(records, limit)
  if (codec === ZSTD) return zlib.zstdDecompressSync(records, limit)
  throw new Error(
    `compression ${names[codec] ?? codec} is not supported: have the producers use gzip, zstd or none, ` +
      'or set the topic config compression.type',
  )
}
