import { expect, it } from 'vitest'
import { BackOff } from './back-off.ts'

it('waits twice as long each time, up to 5 s, and from 50 ms again after a success', () => {
  const backOff = new BackOff()
  const waits = Array.from({ length: 9 }, () => backOff.next())
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  backOff.reset()
  expect(backOff.next()).toBe(50)
})
