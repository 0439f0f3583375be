import { expect, it } from 'vitest'
import { chunkOf, makeWorld, NOW_MS, processWhole, RAW_SCHEMA_ID, rawEvent, sample } from '../fixtures/environment.ts'
import { rowsOf } from '../fixtures/raw-batches.ts'
import { FAULT } from './faults.ts'
import { QuarantineRecords } from './quarantine.ts'

it('shows of a record that can not be processed where it lay, why, and when it was set aside', () => {
  const { env } = makeWorld()
  const key = 'anna@mail.example'
  const records = new QuarantineRecords(env, { topic: sample.quarantineTopic, partitions: 1 })
  const value = rawEvent(key)
  const { rows } = chunkOf([
    { key: 'x', value: null },
    { key, value },
  ])
  rows.timestampMs[1] = NOW_MS - 86_400_000
  records.add(rows, 1, FAULT.keyDiffers)

  const [batch, ...more] = records.finish()
  if (batch === undefined) throw new Error('a record was added')
  expect(more).toEqual([])
  expect(batch.topic).toBe(sample.quarantineTopic)
  const sealed = rowsOf(batch)
  const source = sealed.source[0] as Buffer
  expect([sealed.count, sealed.keyStart[0], sealed.timestampMs[0]]).toEqual([1, -1, NOW_MS])
  const [start, end] = [sealed.valueStart[0] as number, sealed.valueEnd[0] as number]
  // 1 KiB of padded text in a sealed record's frame, whatever the record's size is.
  expect(end - start).toBe(1_024 + 30)
  expect(headersFrom(source, end)).toEqual({
    '__connect.errors.topic': 'clickstream.raw',
    '__connect.errors.partition': '0',
    '__connect.errors.offset': '1',
    '__connect.errors.stage': 'TRANSFORMATION',
    '__connect.errors.exception.class.name': 'WEIR_EVENT_KEY_DIFFERS',
    '__connect.errors.exception.message':
      'the record key is not the id of the data subject; key raw records by subject id, so that their order holds',
  })
  for (const secret of [key, 'someone@', value.subarray(0, 12)]) expect(source.includes(secret)).toBe(false)
  expect(value.readUInt32BE(1)).toBe(RAW_SCHEMA_ID)
})

/** Headers of Kafka's record format: a count, then names and values behind their lengths, all in zigzag varints. */
function headersFrom(bytes: Buffer, start: number): Record<string, string> {
  let at = start
  const varint = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number
      value |= (byte & 127) << shift
      if (byte < 128) return value >>> 1
    }
  }
  const text = (): string => {
    const length = varint()
    at += length
    return bytes.toString('utf8', at - length, at)
  }
  return Object.fromEntries(Array.from({ length: varint() }, () => [text(), text()]))
}

it('is not written where rows only are counted, as in a replay, whose raw records lie there already', async () => {
  const world = makeWorld()
  const env = { ...world.env, quarantine: null }
  const outcome = await processWhole(env, chunkOf([{ key: 'anna', value: Buffer.alloc(3) }]))
  expect(outcome).toMatchObject({ tally: { quarantined: new Map([['WEIR_EVENT_NOT_WIRE_FORMAT', 1]]) } })
  expect(world.produced.map(({ topic }) => topic)).not.toContain(sample.quarantineTopic)
})
