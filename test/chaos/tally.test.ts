import { expect, test } from 'vitest'
import { spread, Tally } from './tally.ts'

const KILLED = Symbol('killed')
const NEXT = Symbol('next')

test('ranks are the nearest, and of nothing all are 0', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
  expect(spread(hundred)).toEqual({ count: 100, p50: 50, p99: 99, max: 100 })
  expect(spread([7.4])).toEqual({ count: 1, p50: 7, p99: 7, max: 7 })
  expect(spread([])).toEqual({ count: 0, p50: 0, p99: 0, max: 0 })
})

test('a kill has recovered with the first commit of a partition that the killed one had', () => {
  const tally = new Tally(3)
  const { onCommit } = tally.heard(true, NEXT)
  tally.sanitizerKilled(KILLED, new Set([1]))
  onCommit([[0, 5]])
  // What the killed one had asked for before is no recovery.
  tally.heard(true, KILLED).onCommit([[1, 4]])
  expect(tally.recoveriesMs).toHaveLength(0)
  onCommit([[1, 5]])
  onCommit([[1, 6]])
  expect(tally.recoveriesMs).toHaveLength(1)
})

test("a broker's kill has recovered when every partition was in a commit again", () => {
  const tally = new Tally(2)
  const { onCommit } = tally.heard(true, NEXT)
  tally.brokerKilled()
  onCommit([[0, 5]])
  onCommit([[0, 6]])
  expect(tally.brokerRecoveriesMs).toHaveLength(0)
  onCommit([[1, 1]])
  expect(tally.brokerRecoveriesMs).toHaveLength(1)
})

test('only sanitizers commit raw records', () => {
  const tally = new Tally(2)
  tally.heard(false, NEXT).onCommit([[1, 9]])
  tally.heard(true, NEXT).onCommit([[0, 4]])
  expect(tally.committed).toEqual([4, 0])
})
