import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import { ByteSink } from './byte-sink.ts'
import { CleanSchemaError, FaultCode } from './faults.ts'
import { branch, CLEAN, EVENT, KEEP, OTHERWISE, RAW, rawWith } from './fixtures/clickstream.ts'
import { Marks } from './read/marks.ts'
import { compileRewriter } from './reference/rewriter.ts'
import { compileTranscoder } from './transcoder.ts'

type AvscSchema = Parameters<typeof avro.Type.forSchema>[0]
const record = avro.Type.forSchema(structuredClone(RAW) as AvscSchema).toBuffer(EVENT)

const KEPT = branch({ eventType: KEEP, 'page.path': KEEP, 'geo.country': KEEP })
const PARTS = [KEPT, OTHERWISE].map((one) => ({ cleanSchema: CLEAN, branch: one }))
const transcoder = compileTranscoder(RAW, PARTS)

function reference(one: typeof KEPT): Buffer | null {
  return compileRewriter(RAW, CLEAN, one).rewrite(record, 0, record.length, null, true)
}

/** The same record with its first length, of 36, written in two bytes. */
const padded = Buffer.concat([Buffer.of((record[0] as number) | 128, 0), record.subarray(1)])

describe('transcoder', () => {
  test('reads a record once, and each branch writes from it what the reference makes of it', () => {
    const marks = new Marks()
    const chunk = Buffer.concat([record, record, padded])
    const indexes = [
      transcoder.read(chunk, 0, record.length, marks),
      transcoder.read(chunk, record.length, 2 * record.length, marks),
      transcoder.read(chunk, 2 * record.length, chunk.length, marks),
    ]
    expect(indexes).toEqual([0, 1, 2])
    for (const [i, one] of [KEPT, OTHERWISE].entries()) {
      const sink = new ByteSink(1)
      for (const index of indexes) expect(transcoder.branches[i]?.write(marks, index, sink, null, true)).toBe(true)
      const clean = reference(one) as Buffer
      expect(sink.written()).toEqual(Buffer.concat([clean, clean, clean]))
    }
  })

  test('marks a record as it came, and one that is not canonical in a copy', () => {
    const marks = new Marks()
    expect(transcoder.read(record, 0, record.length, marks)).toBe(0)
    expect(transcoder.read(padded, 0, padded.length, marks)).toBe(1)
    expect(marks.sources[0]).toBe(record)
    expect(marks.sources[1]).toEqual(record)
  })

  test('lets an array of what takes no byte be copied, though the copy has fewer bytes than it has items', () => {
    const schema = { type: 'record', name: 'R', fields: [{ name: 'a', type: { type: 'array', items: 'null' } }] }
    const nulls = Buffer.from([0x88, 0x80, 0x80, 0x80, 0x00, 0x00])
    const marks = new Marks()
    expect(compileTranscoder(schema, []).read(nulls, 0, nulls.length, marks)).toBe(0)
    expect(marks.sources[0]).toEqual(Buffer.from([8, 0]))
  })

  test('compiles schemas of types that lead to one another farther than the stack is deep', () => {
    const types = Array.from({ length: 5_000 }, (_, i) => {
      const inner = { name: 'x', type: i === 0 ? 'int' : ['null', `T${i - 1}`] }
      return { name: `f${i}`, type: ['null', { type: 'record', name: `T${i}`, fields: [inner] }] }
    })
    const item = { type: 'record', name: 'Item', fields: [field('deep', 'T4999'), field('name', 'string')] }
    const schema = { type: 'record', name: 'R', fields: [...types, field('items', { type: 'array', items: item })] }
    const cleanItem = { type: 'record', name: 'Item', fields: [field('name', ['null', 'string'])] }
    const cleanItems = field('items', ['null', { type: 'array', items: ['null', cleanItem] }])
    const parts = [
      {
        cleanSchema: { type: 'record', name: 'C', fields: [cleanItems] },
        branch: branch({ 'items.[].name': KEEP }),
      },
    ]
    const { branches, read } = compileTranscoder(schema, parts)
    const marks = new Marks()
    const items = Buffer.from([2, 0, 2, 0x41, 0])
    expect(read(Buffer.concat([Buffer.alloc(5_000), items]), 0, 5_005, marks)).toBe(0)
    const sink = new ByteSink()
    branches[0]?.write(marks, 0, sink, null, true)
    expect(sink.written()).toEqual(Buffer.from([2, 2, 2, 2, 2, 0x41, 0]))
  })

  test('says why it refuses a record, and keeps nothing of it', () => {
    const marks = new Marks()
    expect(transcoder.read(record, 0, record.length - 1, marks)).toBe(-FaultCode.malformedAvro)
    expect(transcoder.read(Buffer.concat([record, record]), 0, record.length + 1, marks)).toBe(-FaultCode.trailingBytes)
    expect(marks.count).toBe(0)
    expect(transcoder.read(record, 0, record.length, marks)).toBe(0)
  })

  test.each([
    ['no Avro', { type: 'nothing' }],
    ['no record', 'string'],
    ['nothing', undefined],
  ])('refuses every record of a writer schema that is %s', (_what, schema) => {
    const unusable = compileTranscoder(schema, PARTS)
    expect(unusable.branches.map(({ usable }) => usable)).toEqual([false, false])
    expect(unusable.read(record, 0, record.length, new Marks())).toBe(-FaultCode.unusableSchema)
  })

  test('reads records for the branches that can use their schema, when another can not', () => {
    const country = rawWith('eventType', { name: 'eventType', type: 'double' })
    const half = compileTranscoder(country, [
      { cleanSchema: CLEAN, branch: branch({ 'page.path': KEEP }) },
      { cleanSchema: CLEAN, branch: KEPT },
    ])
    expect(half.branches.map(({ usable }) => usable)).toEqual([true, false])
  })

  test('throws for a clean schema that does not fit its branch, whatever the writer schema is', () => {
    const parts = [{ cleanSchema: CLEAN, branch: branch({ email: KEEP }) }]
    expect(() => compileTranscoder(RAW, parts)).toThrow(CleanSchemaError)
    expect(() => compileTranscoder('string', parts)).toThrow(CleanSchemaError)
  })
})

function field(name: string, type: unknown) {
  return { name, type }
}
