import zlib from 'node:zlib'
import { inflateLz4 } from './inflate-lz4.ts'
import { inflateSnappy } from './inflate-snappy.ts'
import { Inflation } from './inflation.ts'

/**
 * What a compressed batch may grow to: 100 MiB, what a broker takes at most as one request (`socket.request.max.bytes`
 * as it is by default), so nobody could have written more as one batch without compression. It holds before memory is
 * taken: sizes that a stream claims are checked first.
 */
const MAX_INFLATED_BYTES = 100 * 1024 * 1024

const GZIP = 1
const SNAPPY = 2
const LZ4 = 3
const ZSTD = 4
const names: readonly string[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/**
 * Records of a compressed batch; `codec` is the batch's attribute.
 * @throws Inflation, in plain words, whatever the bytes are
 */
export function inflate(records: Buffer, codec: number, maxBytes = MAX_INFLATED_BYTES): Buffer {
  const name = names[codec] ?? `codec ${codec}`
  try {
    if (codec === GZIP) return zlib.gunzipSync(records, { maxOutputLength: maxBytes })
    if (codec === SNAPPY) return inflateSnappy(records, maxBytes)
    if (codec === LZ4) return inflateLz4(records, maxBytes)
    if (codec === ZSTD) return zlib.zstdDecompressSync(records, { maxOutputLength: maxBytes })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw Inflation.tooLarge(name, maxBytes)
    }
    if (error instanceof Inflation) throw error
    throw new Inflation(`its ${name} stream is damaged`, { cause: error })
  }
  throw new Inflation(`it is compressed by ${name}, which no version of Kafka up to 4 has`)
}
