import type { Branch } from '@weir/contracts'
import { BatchBuilder } from '@weir/kafka'
import { ByteSink, compileTranscoder, Marks } from '@weir/transcoder'
import avro from 'avsc'
import { expect, test } from 'vitest'
import { rowsOf } from '../fixtures/raw-batches.ts'

const ITEM = record('Item', [field('ip', 'string'), field('secret', 'string')])
const RAW = record('Raw', [field('name', 'string'), field('items', { type: 'array', items: ITEM })])
const CLEAN_ITEM = record('CleanItem', [field('ip', ['null', 'string'])])
const CLEAN = record('Clean', [
  field('name', ['null', 'string']),
  field('items', ['null', { type: 'array', items: ['null', CLEAN_ITEM] }]),
])
const BRANCH: Branch = {
  leaves: [
    { path: ['name'], verb: { kind: 'keep' } },
    { path: ['items', '[]', 'ip'], verb: { kind: 'prefix', v4: 24, v6: 48 } },
  ],
  only: [],
  events: [],
  sensitive: null,
}

const EVENTS = 3_000

test('A record is the same in a batch that had to grow in the middle of it', () => {
  const transcoder = compileTranscoder(RAW, [{ cleanSchema: CLEAN, branch: BRANCH }])
  const [branch] = transcoder.branches
  const marks = new Marks()
  for (let i = 0; i < EVENTS; i++) {
    const bytes = eventOf(i)
    expect(transcoder.read(bytes, 0, bytes.length, marks)).toBe(i)
  }

  const batch = new BatchBuilder('clean', 0)
  let grown = 0
  for (let i = 0; i < EVENTS; i++) {
    batch.open(0, null)
    const { bytes } = batch
    branch?.write(marks, i, batch, null, true)
    if (batch.bytes !== bytes) grown++
    batch.close()
  }
  expect(grown).toBeGreaterThan(3)

  const [finished] = batch.finish()
  const rows = rowsOf(finished as NonNullable<typeof finished>)
  for (let i = 0; i < EVENTS; i++) {
    const roomy = new ByteSink(64 * 1_024)
    branch?.write(marks, i, roomy, null, true)
    expect(rows.source[i]?.subarray(rows.valueStart[i], rows.valueEnd[i])).toEqual(roomy.written())
  }
})

function eventOf(i: number): Buffer {
  const items = Array.from({ length: i % 9 }, (_, at) => ({ ip: `10.0.${at}.${i % 256}`, secret: 'secret' }))
  return avro.Type.forSchema(RAW as avro.Schema).toBuffer({ name: `event ${i}`, items })
}

function record(name: string, fields: readonly object[]) {
  return { type: 'record', name, fields }
}

function field(name: string, type: unknown) {
  return { name, type }
}
