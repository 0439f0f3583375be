import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChunkAudit, decodeChunk, encodeChunk } from './chunk-audit.ts'

const count = fc.nat({ max: 2 ** 52 })
const partition = fc.nat({ max: 1_000 })
const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((one) => one.isWellFormed())

const chunks: fc.Arbitrary<ChunkAudit> = fc.record(
  {
    stream: text,
    kind: fc.constantFrom('live', 'replay', 'redrive'),
    source: text,
    ranges: fc.array(fc.record({ partition, from: count, to: count }, { noNullPrototype: true })),
    contract: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    outputs: fc.array(
      fc.record(
        { purpose: text, topic: text, granted: count, stripped: count, withheld: count },
        { noNullPrototype: true },
      ),
    ),
    quarantined: count,
    tickTimeMs: count,
    consent: fc.array(fc.record({ partition, statePosition: count, ledgerPosition: count }, { noNullPrototype: true })),
  },
  { noNullPrototype: true },
)

const small: ChunkAudit = {
  stream: 's',
  kind: 'redrive',
  source: 'q',
  ranges: [{ partition: 1, from: 2, to: 3 }],
  contract: Buffer.alloc(32, 7),
  outputs: [{ purpose: 'p', topic: 't', granted: 1, stripped: 2, withheld: 3 }],
  quarantined: 4,
  tickTimeMs: 5,
  consent: [{ partition: 6, statePosition: 7, ledgerPosition: 8 }],
}

test('a record comes back as it went in', () => {
  fc.assert(
    fc.property(chunks, (chunk) => {
      expect(decodeChunk(encodeChunk(chunk))).toEqual(chunk)
    }),
  )
})

test('its bytes are these: whoever audits reads them with code of its own', () => {
  const hex = [
    '01', // version
    `0273${'04'}0271`, // stream, kind, source
    '0202040600', // ranges
    '07'.repeat(32),
    '020270027402040600', // outputs
    '080a', // quarantined, tickTimeMs
    '020c0e1000', // consent
  ]
  expect(encodeChunk(small).toString('hex')).toBe(hex.join(''))
})

test('anything else is refused: another version, a byte too few or too many, lists without end', () => {
  const bytes = encodeChunk(small)
  const refused = { code: 'WEIR_AUDIT_RECORD' }
  const decoding = (changed: Uint8Array) => () => decodeChunk(changed)
  expect(decoding(new Uint8Array())).toThrow(expect.objectContaining(refused))
  expect(decoding(Buffer.concat([Buffer.of(2), bytes.subarray(1)]))).toThrow(expect.objectContaining(refused))
  for (let end = 0; end < bytes.length; end++) {
    expect(decoding(bytes.subarray(0, end))).toThrow(expect.objectContaining(refused))
  }
  expect(decoding(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(expect.objectContaining(refused))
  // Version, stream, kind, source, and then two thousand million ranges.
  const endless = Buffer.concat([bytes.subarray(0, 6), Buffer.from('80a8d6b90e', 'hex')])
  expect(decoding(endless)).toThrow(expect.objectContaining(refused))
})

test('a count that no offset can be is refused when it is written', () => {
  expect(() => encodeChunk({ ...small, quarantined: 0.5 })).toThrow()
  expect(() => encodeChunk({ ...small, contract: new Uint8Array(31) })).toThrow()
})

test('whatever stands there is a record or refused as none, in no more time than its bytes take', () => {
  const changed = fc.tuple(chunks, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }))
  fc.assert(
    fc.property(changed, ([chunk, places]) => {
      const bytes = encodeChunk(chunk)
      // The version stays: what comes behind it is what is tried.
      for (const [at, byte] of places) bytes[1 + (at % (bytes.length - 1))] = byte
      try {
        decodeChunk(bytes)
      } catch (error) {
        expect(error).toMatchObject({ name: 'AuditRecordError', code: 'WEIR_AUDIT_RECORD' })
      }
    }),
    { numRuns: 500 },
  )
})
