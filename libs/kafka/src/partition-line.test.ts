import { beforeEach, describe, expect, test } from 'vitest'
import { BatchBuilder } from './batch/batch-builder.ts'
import { BASE_SEQUENCE_AT } from './batch/layout.ts'
import { Sequences } from './batch/sequences.ts'
import { BatchTooLarge, BrokerError, ConnectionLost } from './errors.ts'
import { PartitionLine, type Sent } from './partition-line.ts'
import type { FinishedBatch } from './port.ts'

const lost = { error: new ConnectionLost('gone', true), unclear: true }
const away = { error: new ConnectionLost('no broker', false), unclear: false }
const refused = { error: new BrokerError(29, 'Produce'), unclear: false }

let line: PartitionLine
let sent: Sent[]
let sequences: Sequences

beforeEach(() => {
  sent = []
  sequences = new Sequences({ producerId: 1n, epoch: 0 })
  const sealing = { sequences, transactional: false, compression: 'none', tooLarge: new Map<string, number>() } as const
  line = new PartitionLine(sealing, (index, result) => {
    sent[index] = result
  })
})

/** Batches of so many records, of about 100 bytes each. */
function batches(...counts: number[]): FinishedBatch[] {
  return counts.flatMap((count) => {
    const builder = new BatchBuilder('t', 0)
    for (let i = 0; i < count; i++) builder.append(1, null, Buffer.alloc(100, i))
    return builder.finish()
  })
}

/** Record count and sequence number of what is out, as it says on the wire. */
function out(): [count: number, sequence: number] {
  const { batch, bytes } = line.next()
  return [batch.recordCount, bytes.readInt32BE(BASE_SEQUENCE_AT)]
}

const tooLarge = () => ({ error: new BatchTooLarge('t', 0, line.next().bytes.length), unclear: false })

describe('the batches of a partition', () => {
  test('go one after the other, and one without an answer goes again under its own sequence number', () => {
    for (const [i, batch] of batches(3, 2).entries()) line.add(batch, i)
    expect(out()).toEqual([3, 0])
    expect(line.answered(lost, false)).toBe('later')
    expect(out()).toEqual([3, 0])
    expect(line.answered({ baseOffset: 10 }, false)).toBe('at-once')
    expect(out()).toEqual([2, 3])
    line.answered({ baseOffset: 13 }, false)
    expect([line.isDone, sent]).toEqual([
      true,
      [[{ recordCount: 3, baseOffset: 10 }], [{ recordCount: 2, baseOffset: 13 }]],
    ])
  })

  test('an unclear attempt is not unsaid by a clear refusal after it, and what was never sent is not in doubt', () => {
    for (const [i, batch] of batches(1, 1).entries()) line.add(batch, i)
    out()
    line.answered(lost, false)
    out()
    line.answered(refused, false)
    expect(line.isDone).toBe(true)
    expect(sent.map(([fate]) => fate?.failure)).toEqual([
      { error: refused.error, mayBeWritten: true },
      { error: refused.error, mayBeWritten: false },
    ])
  })

  test('fail when their time is over, as the last answer was', () => {
    for (const [i, batch] of batches(1).entries()) line.add(batch, i)
    out()
    line.answered(away, true)
    expect(sent[0]?.[0]).toMatchObject({ failure: { mayBeWritten: false } })
  })

  test('too large for the topic are halved until they fit, and what follows is halved before it is sent', () => {
    for (const [i, batch] of batches(4, 4).entries()) line.add(batch, i)
    expect(out()).toEqual([4, 0])
    line.answered(tooLarge(), false)
    expect(out()).toEqual([2, 0])
    line.answered({ baseOffset: 0 }, false)
    expect(out()).toEqual([2, 2])
    line.answered(lost, false)
    expect(out()).toEqual([2, 2])
    line.answered({ baseOffset: 7 }, false)
    expect(sent[0]).toEqual([
      { recordCount: 2, baseOffset: 0 },
      { recordCount: 2, baseOffset: 7 },
    ])
    expect(out()).toEqual([2, 4])
  })

  test('too large are halved also after an unclear attempt, such as at the leader before; a record by itself is then in doubt', () => {
    for (const [i, batch] of batches(2).entries()) line.add(batch, i)
    out()
    line.answered(lost, false)
    out()
    line.answered(tooLarge(), false)
    expect(out()).toEqual([1, 0])
    line.answered(tooLarge(), false)
    expect(line.isDone).toBe(true)
    expect(sent[0]?.map(({ failure }) => failure?.mayBeWritten)).toEqual([true, false])
  })

  test('leave a gap in the sequence when they are given up, and none when a record is only too large', () => {
    for (const [i, batch] of batches(1, 1, 1).entries()) line.add(batch, i)
    out()
    line.answered(tooLarge(), false)
    expect(sequences.hasGap).toBe(false)
    out()
    line.answered(tooLarge(), true)
    expect(sequences.hasGap).toBe(true)
  })

  test('a record too large by itself is left out, and those behind it move up in the sequence', () => {
    for (const [i, batch] of batches(2, 1).entries()) line.add(batch, i)
    out()
    line.answered(tooLarge(), false)
    expect(out()).toEqual([1, 0])
    line.answered(tooLarge(), false)
    expect(out()).toEqual([1, 0])
    line.answered({ baseOffset: 5 }, false)
    expect(out()).toEqual([1, 1])
    line.answered({ baseOffset: 6 }, false)
    expect(sent[0]?.map(({ baseOffset, failure }) => [baseOffset, failure?.mayBeWritten])).toEqual([
      [-1, false],
      [5, undefined],
    ])
    expect(sent[1]).toEqual([{ recordCount: 1, baseOffset: 6 }])
  })
})
