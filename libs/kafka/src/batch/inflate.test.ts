import zlib from 'node:zlib'
import fc from 'fast-check'
import { compressFrameSync } from 'lz4-napi'
import { compressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { inflate } from './inflate.ts'
import { Inflation } from './inflation.ts'

const XERIAL = Buffer.from('82534e4150505900' + '00000001' + '00000001', 'hex')

/** xerial's framing, in blocks of 32 KiB as snappy-java has them. */
function xerial(plain: Buffer, blockBytes = 32 * 1024): Buffer {
  const parts: Buffer[] = [XERIAL]
  for (let at = 0; at < plain.length; at += blockBytes) {
    const block = compressSync(plain.subarray(at, at + blockBytes))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

const codecs = [
  ['gzip', 1, (plain: Buffer) => zlib.gzipSync(plain)],
  ['snappy, a raw block', 2, (plain: Buffer) => compressSync(plain)],
  ['snappy, xerial framing', 2, (plain: Buffer) => xerial(plain)],
  ['lz4', 3, (plain: Buffer) => compressFrameSync(plain)],
  ['lz4 with a content checksum', 3, (plain: Buffer) => compressFrameSync(plain, { contentChecksum: true })],
  ['lz4 with block checksums', 3, (plain: Buffer) => compressFrameSync(plain, { blockChecksums: true })],
  ['zstd', 4, (plain: Buffer) => zlib.zstdCompressSync(plain)],
] as const

const text = Buffer.from(Array.from({ length: 9_000 }, (_, i) => `record ${i} of many; `).join(''))

describe.each(codecs)('%s', (_, codec, deflate) => {
  test('gives back what was compressed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), fc.integer({ min: 1, max: 400 }), (bytes, times) => {
        const plain = Buffer.concat(Array.from({ length: times }, () => bytes))
        expect(inflate(deflate(plain), codec).equals(plain)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('is refused when it would grow beyond the bound, and taken at the bound', () => {
    const bound = text.length
    expect(() => inflate(deflate(Buffer.concat([text, text])), codec, bound)).toThrow(
      /grows beyond \d+ bytes, more than a batch may have/,
    )
    // LZ4 is judged by whole blocks (here of 256 KiB), before it is inflated.
    expect(inflate(deflate(text), codec, codec === 3 ? bound + 262_144 : bound)).toHaveLength(bound)
  })

  test('cut short anywhere, says so and gives nothing', () => {
    const whole = deflate(text.subarray(0, 2_000))
    for (let length = 0; length < whole.length; length++) {
      // Xerial's framing does not say where it ends: cut between blocks it is a shorter stream, and the record count tells.
      if (length === XERIAL.length && whole.subarray(0, length).equals(XERIAL)) continue
      expect(() => inflate(whole.subarray(0, length), codec)).toThrow(Inflation)
    }
  })

  test('changed anywhere, gives bytes within the bound or says that it is damaged, and nothing else', () => {
    const whole = deflate(text.subarray(0, 20_000))
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const damaged = Buffer.from(whole)
        for (const { at, to } of changes) damaged[at % damaged.length] = to
        let inflated: Buffer = Buffer.alloc(0)
        try {
          inflated = inflate(damaged, codec, 200_000)
        } catch (error) {
          expect(error).toBeInstanceOf(Inflation)
        }
        expect(inflated.length).toBeLessThanOrEqual(200_000)
      }),
      { numRuns: 400 },
    )
  })

  test('of any bytes at all gives bytes or says that it is damaged', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(40), (junk, kept) => {
        const bytes = Buffer.concat([deflate(text).subarray(0, kept), junk])
        try {
          inflate(bytes, codec, 1_000_000)
        } catch (error) {
          expect(error).toBeInstanceOf(Inflation)
        }
      }),
      { numRuns: 400 },
    )
  })
})

test('A claim of gigabytes is refused before memory is taken for it', () => {
  const before = process.memoryUsage().rss
  const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0])
  expect(() => inflate(claim, 2)).toThrow('grows beyond 104857600 bytes')
  const framed = Buffer.concat([XERIAL, Buffer.from([0, 0, 0, claim.length]), claim])
  expect(() => inflate(framed, 2)).toThrow('grows beyond 104857600 bytes')
  // 30 blocks of 4 MiB in LZ4, each compressed to what fills it.
  const block = Buffer.alloc(4 + 20_000, 0xff)
  block.writeUInt32LE(20_000)
  const frame = Buffer.concat([Buffer.from('04224d18407000', 'hex'), ...Array.from({ length: 30 }, () => block)])
  expect(() => inflate(Buffer.concat([frame, Buffer.alloc(4)]), 3)).toThrow('grows beyond 104857600 bytes')
  expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000)
})

test('Snappy streams that stand one behind the other are read as one', () => {
  const two = Buffer.concat([xerial(Buffer.from('one ')), xerial(Buffer.from('two'))])
  expect(inflate(two, 2).toString()).toBe('one two')
})

test('A codec that Kafka does not have is named', () => {
  expect(() => inflate(Buffer.alloc(9), 6)).toThrow('codec 6')
})
