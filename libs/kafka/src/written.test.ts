import { expect, test } from 'vitest'
import { BatchTooLarge, BrokerError, ConnectionLost, RequestTimedOut, TooLate } from './errors.ts'
import { mayHaveWritten } from './written.ts'

test.each<[unknown, boolean]>([
  [new TooLate('Produce'), false],
  [new ConnectionLost('no broker', false), false],
  [new ConnectionLost('it ended', true), true],
  [new RequestTimedOut('Produce', 1), true],
  [new BatchTooLarge('t', 0, 1), false],
  [new BrokerError(29, 'Produce'), false],
  // Before the append: too few replicas are in sync. After it: they are no longer.
  [new BrokerError(19, 'Produce'), false],
  [new BrokerError(20, 'Produce'), true],
  // The leader may move while it waits for the replicas of what it has appended.
  [new BrokerError(6, 'Produce'), true],
  [new BrokerError(7, 'Produce'), true],
  [new BrokerError(-1, 'Produce'), true],
  [new BrokerError(4_711, 'Produce'), true],
  [new Error('a bug'), true],
])('%s may have written: %s', (error, may) => {
  expect(mayHaveWritten(error)).toBe(may)
})
