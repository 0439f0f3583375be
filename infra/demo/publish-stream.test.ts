import { planStream } from '@weir/test/workload/stream.ts'
import { expect, test } from 'vitest'
import { type Step, WITHDRAWN_BY } from './decisions-on-the-way.ts'
import { publishStream, type StreamParts } from './publish-stream.ts'

const EVENTS = 100

function publishing(steps: Step[], published: { count: number }) {
  const plan = planStream({ seed: 1, events: EVENTS, purposes: ['analytics'], queries: [] })
  const parts: StreamParts = {
    publisher: { send: async () => {}, close: async () => {} },
    signal: new AbortController().signal,
    onPublished: (records) => {
      published.count += records
    },
  }
  return publishStream(plan.records(), EVENTS, 1_000_000, steps, parts)
}

test('the last part waits for the withdrawal, however fast the stream is', async () => {
  const published = { count: 0 }
  const answered = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const withdraw = async () => {
    asked.resolve()
    await answered.promise
  }
  const done = publishing([{ at: 0.5, run: withdraw }], published)
  await asked.promise
  await new Promise((resolve) => setImmediate(resolve))
  expect(published.count).toBe(WITHDRAWN_BY * EVENTS)
  answered.resolve()
  await done
  expect(published.count).toBe(EVENTS)
})

test('every step is run once and in order, one that fails fails the stream', async () => {
  const ran: number[] = []
  const step = (at: number) => ({ at, run: async () => void ran.push(at) })
  await publishing([step(0.7), step(0.25), step(1)], { count: 0 })
  expect(ran).toEqual([0.25, 0.7, 1])
  const failing = { at: 0.3, run: () => Promise.reject(new Error('refused')) }
  await expect(publishing([failing], { count: 0 })).rejects.toThrow('refused')
})
