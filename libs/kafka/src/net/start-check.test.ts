import { expect, test } from 'vitest'
import { Unsupported } from '../connect-errors.ts'
import { checkBroker } from './start-check.ts'

const keys = { 0: 12, 1: 18, 2: 10, 3: 13, 8: 9, 9: 10, 10: 6, 22: 6, 26: 5, 28: 5, 68: 1 }
const features = { 'transaction.version': 2, 'group.version': 1 }

function broker(maxima: Record<number, number>, finalized: Record<string, number>) {
  const ranges = new Map(Object.entries(maxima).map(([key, max]) => [Number(key), { min: 0, max }]))
  return { errorCode: 0, ranges, features: new Map(Object.entries(finalized)) }
}

test('A broker of today passes', () => {
  expect(() => checkBroker(broker(keys, features), 'b:1')).not.toThrow()
})

test('What is missing is told in one message, with the mend', () => {
  const old = broker({ ...keys, 0: 11, 68: 0 }, { 'transaction.version': 1 })
  const check = () => checkBroker(old, 'b:1')
  expect(check).toThrow(Unsupported)
  for (const part of [
    'Produce version 12',
    'ConsumerGroupHeartbeat version 1',
    'transaction.version',
    'group.version',
  ]) {
    expect(check).toThrow(part)
  }
  expect(check).toThrow(/4\.0 or later/)
})

test('A broker that dropped a version we send is refused', () => {
  const newer = broker(keys, features)
  newer.ranges.set(1, { min: 13, max: 20 })
  expect(() => checkBroker(newer, 'b:1')).toThrow('Fetch version 12')
})
