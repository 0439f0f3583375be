import type { Rows } from '@weir/kafka'
import { KeyEpochMissingError, KeyRing, sealer } from '@weir/pseudonym'
import { expect, test } from 'vitest'
import { chunkOf, makeWorld, NOW_MS, type RawRow, sample } from '../fixtures/environment.ts'
import { rowsOf } from '../fixtures/raw-batches.ts'
import type { Chunk } from './chunk.ts'
import { FAULT, FAULT_WORDS } from './faults.ts'
import { QuarantineRecords } from './quarantine.ts'
import { RedriveReader } from './redrive-reader.ts'

const { env } = makeWorld()
const TOPIC = sample.quarantineTopic
const UNKNOWN = FAULT_WORDS[FAULT.unknownSchema]?.code ?? ''

/** Records as the sanitizer puts them in quarantine, one for each fault; raw offsets are 0, 1, …, raw partition 0. */
function quarantined(records: readonly (RawRow & { readonly fault: number })[]): Rows {
  const writer = new QuarantineRecords(env, { topic: sample.quarantineTopic, partitions: 1 })
  const { rows } = chunkOf(records)
  for (const [row, { fault }] of records.entries()) writer.add(rows, row, fault)
  const [batch] = writer.finish()
  if (batch === undefined) throw new Error('there are records')
  return rowsOf(batch)
}

function setUp(chunks: readonly Rows[], { to = 100, sinceMs = 0, seals = env.sealer } = {}) {
  const left = [...chunks]
  const sealed = {
    lag: 0,
    sawEnd: () => {},
    assign: () => {},
    unassign: () => {},
    next: async (): Promise<Chunk | null> => {
      const rows = left.shift()
      if (rows === undefined) return null
      return { rows, positions: [{ topic: TOPIC, partition: 0, offset: rows.count + 1 }], ranges: [] }
    },
  }
  const redrive = { stream: sample.name, code: UNKNOWN, sinceMs, ranges: [{ partition: 0, to }] }
  const reader = new RedriveReader(redrive, { topic: TOPIC, rawTopic: sample.rawTopic }, sealed, seals, env.clock)
  return { reader }
}

const seen = ({ rows }: Chunk) =>
  Array.from({ length: rows.count }, (_, row) => {
    const part = (start = -1, end = -1) => (start < 0 ? null : (rows.source[row]?.toString('utf8', start, end) ?? null))
    const [key, value] = [part(rows.keyStart[row], rows.keyEnd[row]), part(rows.valueStart[row], rows.valueEnd[row])]
    return [rows.partition[row], rows.offset[row], rows.timestampMs[row], key, value]
  })

const unknown = (key: string | null, value: string | null) => ({
  key,
  value: value === null ? null : Buffer.from(value),
  fault: FAULT.unknownSchema,
})

test('Records of its reason come out as raw had them, at their raw offset and time, and others are passed over', async () => {
  const other = { key: 'x', value: Buffer.from('other'), fault: FAULT.keyDiffers }
  const rows = quarantined([unknown('a', 'one'), unknown(null, ''), other, unknown('b', null)])
  const { reader } = setUp([rows])
  const chunk = (await reader.next(10)) as Chunk
  expect(seen(chunk)).toEqual([
    [0, 0, NOW_MS, 'a', 'one'],
    [0, 1, NOW_MS, null, ''],
    [0, 3, NOW_MS, 'b', null],
  ])
  expect(chunk.positions).toEqual([{ topic: TOPIC, partition: 0, offset: 5 }])
  expect(chunk.ranges).toEqual([
    { partition: 0, from: 0, to: 2 },
    { partition: 0, from: 3, to: 4 },
  ])
})

test('A partition is brought to its end though nothing there is redriven', async () => {
  const foreign = quarantined([{ ...unknown('a', '1'), fault: FAULT.keyDiffers }])
  const { reader } = setUp([foreign], { to: 2 })
  const chunk = (await reader.next(10)) as Chunk
  expect([chunk.rows.count, chunk.ranges]).toEqual([0, []])
  expect(chunk.positions).toEqual([{ topic: TOPIC, partition: 0, offset: 2 }])
})

test('Chunks without a record of its reason are passed over until one has some', async () => {
  const foreign = quarantined([{ ...unknown('a', '1'), fault: FAULT.keyDiffers }])
  const { reader } = setUp([foreign, foreign, quarantined([unknown('b', '2')])])
  expect(seen((await reader.next(10)) as Chunk).map(([, , , key]) => key)).toEqual(['b'])
})

test('A record that raw took too long ago is passed over', async () => {
  const { reader } = setUp([quarantined([unknown('a', '1')])], { sinceMs: NOW_MS + 1 })
  expect(await reader.next(10)).toBeNull()
})

test('A record that does not open is an error, never passed over', async () => {
  const seals = sealer(new KeyRing([[2, Buffer.alloc(32, 2)]], 2))
  const { reader } = setUp([quarantined([unknown('a', '1')])], { seals })
  await expect(reader.next(10)).rejects.toThrow(KeyEpochMissingError)
})
