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

/** Whether a wait has ended by now. */
async function settled(wait: Promise<unknown>): Promise<boolean> {
  let done = false
  void wait.then(() => {
    done = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

const never = new AbortController().signal

test('What is asked for and what is held stay within the bound together, and there is room when bytes are taken or dropped', async () => {
  const queue = new FetchQueue(100)
  expect(await queue.reserve(60, 1, never)).toBe(60)
  // What is left is more than half of what is wanted.
  expect(await queue.reserve(60, 1, never)).toBe(40)
  const third = queue.reserve(60, 1, never)
  queue.put(1, [entry(0, 60)])
  queue.release(60)
  queue.release(40)
  expect(await third).toBe(40)
  queue.put(1, [entry(1, 40)])
  queue.release(40)
  const blocked = queue.reserve(60, 1, never)
  expect(await settled(blocked)).toBe(false)
  await queue.take(0)
  expect(await blocked).toBe(60)
  queue.release(60)
  const again = queue.reserve(100, 1, never)
  expect(await settled(again)).toBe(true)
  queue.release(await again)
  queue.put(1, [entry(0, 60)])
  const untilDropped = queue.reserve(60, 1, never)
  expect(await settled(untilDropped)).toBe(false)
  queue.drop(1)
  expect(await untilDropped).toBe(40)
})

test('Of several that share the bound, one that waits for long leaves the others their share', async () => {
  const queue = new FetchQueue(90)
  expect(await queue.reserve(1_000, 3, never)).toBe(30)
  expect(await queue.reserve(1_000, 3, never)).toBe(30)
  const busy = await queue.reserve(1_000, 3, never)
  expect(busy).toBe(30)
  queue.put(3, [entry(3, 30)])
  queue.release(busy)
  const next = queue.reserve(1_000, 3, never)
  expect(await settled(next)).toBe(false)
  await queue.take(0)
  expect(await next).toBe(30)
})

test('A response larger than the bound is taken, and nothing is asked for until it is polled', async () => {
  const queue = new FetchQueue(10)
  const granted = await queue.reserve(1_000, 1, never)
  expect(granted).toBe(10)
  queue.put(1, [entry(0, 5_000)])
  queue.release(granted)
  const next = queue.reserve(1_000, 1, never)
  expect(await settled(next)).toBe(false)
  await queue.take(0)
  expect(await next).toBe(10)
})

test('Answers without data are bounded too', async () => {
  const queue = new FetchQueue(100)
  for (let i = 0; i < 64; i++) queue.put(i % 2, [entry(i % 2, 0, i)])
  const waiting = queue.reserve(10, 1, never)
  expect(await settled(waiting)).toBe(false)
  await queue.take(0)
  expect(await waiting).toBe(10)
})

test('Closing ends every wait with nothing', async () => {
  const queue = new FetchQueue(1)
  queue.put(1, [entry(0, 5)])
  const blocked = queue.reserve(5, 1, never)
  const stop = new AbortController()
  stop.abort()
  expect(await queue.reserve(5, 1, stop.signal)).toBe(0)
  await queue.take(0)
  expect(await blocked).toBe(1)
  const blockedAgain = queue.reserve(5, 1, never)
  const taken = queue.take(60_000)
  queue.close()
  expect(await taken).toEqual([])
  expect(await blockedAgain).toBe(0)
  expect(await queue.take(60_000)).toEqual([])
})
