import { expect, test } from 'vitest'
import { fetched } from '../fixtures/log.ts'
import { FetchQueue } from './fetch-queue.ts'

const entry = (partition: number, bytes = 0, sentAtMonotonicMs = 0) =>
  fetched([Buffer.alloc(bytes)], { partition, sentAtMonotonicMs })

test('Responses come out in their order, each once, and then an empty list after the wait', async () => {
  const queue = new FetchQueue(1_000)
  queue.put(1, [entry(0, 10), entry(1)])
  queue.put(2, [entry(2, 10)])
  expect((await queue.take(0)).map((f) => f.partition)).toEqual([0, 1])
  expect((await queue.take(0)).map((f) => f.partition)).toEqual([2])
  expect(await queue.take(5)).toEqual([])
})

test('A reader that waits is woken by a response', async () => {
  const queue = new FetchQueue(1_000)
  const taken = queue.take(60_000)
  queue.put(1, [entry(4)])
  expect((await taken)[0]?.partition).toBe(4)
})

test('A newer empty answer replaces an older one of the same broker, for nothing else and never past data', async () => {
  const queue = new FetchQueue(1_000)
  queue.put(1, [entry(0, 0, 1)])
  queue.put(1, [entry(0, 0, 2)])
  queue.put(2, [entry(5, 0, 3)])
  queue.put(1, [entry(0, 0, 4)])
  queue.put(1, [entry(0, 7, 5)])
  queue.put(1, [entry(0, 0, 6)])
  queue.put(1, [entry(0, 0, 7), entry(1, 0, 7)])
  const times: number[] = []
  for (let i = 0; i < 7; i++) {
    const [first] = await queue.take(0)
    if (first !== undefined) times.push(first.sentAtMonotonicMs)
  }
  expect(times).toEqual([2, 3, 4, 5, 6, 7])
})

test('What was read ahead of a dropped partition is gone, and so is its error', async () => {
  const queue = new FetchQueue(1_000)
  queue.put(1, [entry(0, 10), entry(1, 10)])
  queue.put(1, [entry(0, 10)])
  queue.fail(new Error('of 0'), 0)
  queue.fail(new Error('of 1'), 1)
  queue.drop(0)
  await expect(queue.take(0)).rejects.toThrow('of 1')
  expect((await queue.take(0)).map((f) => f.partition)).toEqual([1])
  expect(await queue.take(0)).toEqual([])
})

test('There is room again only when bytes were taken or dropped', async () => {
  const queue = new FetchQueue(100)
  const signal = new AbortController().signal
  await queue.room(signal)
  queue.put(1, [entry(0, 60)])
  await queue.room(signal)
  queue.put(1, [entry(1, 60)])
  let room = false
  const waiting = queue.room(signal).then(() => {
    room = true
  })
  queue.put(1, [entry(2)])
  await queue.take(0).then(async () => undefined)
  await waiting
  expect(room).toBe(true)
  queue.put(1, [entry(1, 60)])
  const blocked = queue.room(signal)
  queue.drop(1)
  await blocked
})

test('Answers without data are bounded too', async () => {
  const queue = new FetchQueue(100)
  for (let i = 0; i < 64; i++) queue.put(i % 2, [entry(i % 2, 0, i)])
  let room = false
  const waiting = queue.room(new AbortController().signal).then(() => {
    room = true
  })
  await Promise.resolve()
  expect(room).toBe(false)
  await queue.take(0)
  await waiting
})

test('Closing ends every wait with nothing', async () => {
  const queue = new FetchQueue(1)
  queue.put(1, [entry(0, 5)])
  const blocked = queue.room(new AbortController().signal)
  await queue.take(0)
  const taken = queue.take(60_000)
  queue.close()
  expect(await taken).toEqual([])
  await blocked
  expect(await queue.take(60_000)).toEqual([])
})
