import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TopicsRecordError } from './errors.ts'
import { decodeTopicsRecord, encodeTopicsRecord, type TopicsRecord, topicsKey } from './topics-record.ts'

const alias = { stream: 'clickstream', purpose: 'marketing', topic: 'x.replay-0b8e4f0e', sinceMs: 5, planId: null }
const records: TopicsRecord[] = [
  {
    kind: 'plan',
    plan: { planId: 'p', stream: 'clickstream', digest: Buffer.alloc(32, 7), status: 'cancelled', atMs: 1, offsets: 2 },
  },
  { kind: 'alias', alias },
  { kind: 'alias', alias: { ...alias, planId: 'p' } },
]

test.each(records)('a record of weir.topics comes back as it was written', (record) => {
  expect(decodeTopicsRecord(encodeTopicsRecord(record))).toEqual(record)
})

test('keys tell plans and purposes apart', () => {
  expect(records.map((record) => topicsKey(record).toString())).toEqual([
    'plan:p',
    'clickstream.marketing',
    'clickstream.marketing',
  ])
})

test('what is not one whole record of this version is refused', () => {
  const bytes = encodeTopicsRecord({ kind: 'alias', alias })
  for (const wrong of [
    Buffer.of(),
    Buffer.of(2, ...bytes.subarray(1)),
    bytes.subarray(0, -1),
    Buffer.of(...bytes, 0),
  ]) {
    expect(() => decodeTopicsRecord(wrong)).toThrow(expect.objectContaining({ code: 'WEIR_TOPICS_RECORD' }))
  }
})

test('a time that no clock shows is refused', () => {
  for (const sinceMs of [-1, 9e15]) {
    const bytes = encodeTopicsRecord({ kind: 'alias', alias: { ...alias, sinceMs } })
    expect(() => decodeTopicsRecord(bytes)).toThrow(TopicsRecordError)
  }
})

test('whatever stands there is a record or refused as none, in no more time than its bytes take', () => {
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.of(1, ...bytes)),
    fc.tuple(fc.constantFrom(...records), fc.nat(), fc.nat({ max: 255 })).map(([record, at, byte]) => {
      const bytes = encodeTopicsRecord(record)
      bytes[at % bytes.length] = byte
      return bytes
    }),
  )
  fc.assert(
    fc.property(any, (bytes) => {
      try {
        decodeTopicsRecord(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(TopicsRecordError)
      }
    }),
  )
})
