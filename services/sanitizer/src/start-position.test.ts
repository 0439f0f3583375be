import { Closed, KafkaError } from '@weir/kafka'
import { describe, expect, it } from 'vitest'
import { FakeCluster } from '../fixtures/fake-cluster.ts'
import { startPositions } from './start-position.ts'

function setUp(committed: Record<number, number>, earliest: Record<number, number>) {
  const cluster = new FakeCluster([])
  for (const [partition, offset] of Object.entries(committed)) cluster.committed.set(Number(partition), offset)
  for (const [partition, offset] of Object.entries(earliest)) cluster.earliest.set(Number(partition), offset)
  const end = new AbortController()
  const ask = (...partitions: number[]) =>
    startPositions(cluster.kafka, 'ns.sanitizer.s', 'ns.s.raw', partitions, end.signal)
  return { cluster, ask, end }
}

describe('reading goes on', () => {
  it('where the group committed, each partition for itself', async () => {
    const { ask } = setUp({ 3: 12, 5: 40 }, { 3: 2, 5: 40 })
    expect(await ask(5, 3)).toEqual(
      new Map([
        [5, 40],
        [3, 12],
      ]),
    )
  })

  it('at the first record where nothing was ever committed, and at a committed 0', async () => {
    const { ask } = setUp({ 1: 0 }, {})
    expect(await ask(0, 1)).toEqual(
      new Map([
        [0, 0],
        [1, 0],
      ]),
    )
  })

  it('nowhere when records between the committed offset and the log are gone, and says what to do', async () => {
    const { ask } = setUp({ 0: 5, 1: 9 }, { 1: 10 })
    const error = await ask(0, 1).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'WEIR_SANITIZER_NO_PLACE_TO_START' })
    expect(String(error)).toMatch(
      /ns\.s\.raw partition 1, group ns\.sanitizer\.s: committed 9, but records before 10 are gone/,
    )
    expect(String(error)).toMatch(/kafka-consumer-groups\.sh --reset-offsets/)
  })

  it('nowhere when nothing is committed and the beginning is gone', async () => {
    const { ask } = setUp({}, { 0: 1 })
    await expect(ask(0)).rejects.toMatchObject({ code: 'WEIR_SANITIZER_NO_PLACE_TO_START' })
  })

  it('later, when the broker does not answer: its error is passed on as it is', async () => {
    const { cluster, ask } = setUp({ 0: 5 }, {})
    const away = new KafkaError('planted', true)
    cluster.broken.committedOffsets = away
    await expect(ask(0)).rejects.toBe(away)
  })

  it('no more when it is to end, although the broker never answers', async () => {
    const { cluster, ask, end } = setUp({ 0: 5 }, {})
    cluster.lookingUp = new Promise(() => {})
    const asked = ask(0)
    end.abort()
    await expect(asked).rejects.toBeInstanceOf(Closed)
  })
})
