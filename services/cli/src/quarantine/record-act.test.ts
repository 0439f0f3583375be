import { Closed, type Kafka, type RecordToAppend } from '@weir/kafka'
import { KeyRing, sealer } from '@weir/pseudonym'
import { expect, test } from 'vitest'
import { decodeAct } from './act.ts'
import { recordAct, whoAndWhy } from './record-act.ts'

const SEALER = sealer(new KeyRing([[1, Buffer.alloc(32, 6)]], 1))
const act = { kind: 'look', stream: 's', topic: 'n.s.quarantine', code: null, ranges: [], role: 'r', why: 'w' } as const

/** A cluster with these topics; appends go into `written`, or fail. */
function cluster(topics: readonly string[], failure: Error | null = null) {
  const written: RecordToAppend[] = []
  const kafka: Pick<Kafka, 'topics' | 'appender'> = {
    topics: async (names) =>
      names.filter((name) => topics.includes(name)).map((topic) => ({ topic, topicId: '', partitions: 1 })),
    appender: async () => ({
      append: async (_topic, records) => {
        if (failure !== null) throw failure
        written.push(...records)
        return records.map((_, i) => i)
      },
      close: async () => {},
    }),
  }
  return { kafka, written, namespace: 'n.' }
}

test('An act is written sealed, without a key, with who and when', async () => {
  const to = cluster(['n.weir.acts'])
  await recordAct(to, SEALER, act, 'nothing is shown')
  const [record, ...more] = to.written
  expect([record?.key, record?.partition, more]).toEqual([null, 0, []])
  const opened = decodeAct(SEALER.open('n.weir.acts', record?.value as Buffer))
  expect(opened).toMatchObject(act)
  expect(opened.user).not.toBe('')
  expect(Math.abs(Date.now() - opened.atMs)).toBeLessThan(60_000)
})

test('Where it can not be written, that is said with what does not happen', async () => {
  await expect(recordAct(cluster([]), SEALER, act, 'nothing is shown')).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringContaining('nothing is shown'),
  })
  const away = cluster(['n.weir.acts'], new Closed('appending'))
  await expect(recordAct(away, SEALER, act, 'nothing is shown')).rejects.toMatchObject({
    exitCode: 4,
    message: expect.stringContaining('nothing is shown'),
  })
})

test('Role and reason are both needed, and blanks are neither', () => {
  expect(whoAndWhy({ role: ' on call ', reason: 'x' }, 'It')).toEqual({ role: 'on call', why: 'x' })
  for (const given of [{}, { role: 'r' }, { reason: 'w' }, { role: ' ', reason: 'w' }, { role: 'r', reason: '' }]) {
    expect(() => whoAndWhy(given, 'It')).toThrow('It is recorded')
  }
  expect(() => whoAndWhy({ role: 'r', reason: 'w'.repeat(501) }, 'It')).toThrow('at most 500')
})
