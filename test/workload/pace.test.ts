import { expect, test } from 'vitest'
import { paced } from './pace.ts'

function fakePacer(stallAtMs = Number.POSITIVE_INFINITY, stallMs = 0) {
  let now = 0
  return {
    nowMs: () => now,
    sleep: async (ms: number) => {
      now += now >= stallAtMs && now < stallAtMs + ms ? stallMs : ms
    },
  }
}

test('items come at the rate asked for, in order, each once', async () => {
  const pacer = fakePacer()
  const items = Array.from({ length: 1000 }, (_, i) => i)
  const got: number[] = []
  for await (const batch of paced(items, 500, pacer)) got.push(...batch)
  expect(got).toEqual(items)
  expect(pacer.nowMs()).toBeGreaterThan(1900)
  expect(pacer.nowMs()).toBeLessThan(2100)
})

test('after a pause the stream goes on at its rate instead of making up for it in one burst', async () => {
  const pacer = fakePacer(400, 60_000)
  let largest = 0
  for await (const batch of paced(Array(2000).keys(), 500, pacer)) largest = Math.max(largest, batch.length)
  expect(largest).toBeLessThanOrEqual(101)
})
