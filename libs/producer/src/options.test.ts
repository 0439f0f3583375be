import { expect, it } from 'vitest'
import { WrongOptions } from './errors.ts'
import { brokersOf, limitsOf, type ProducerOptions } from './options.ts'

const least: ProducerOptions = { brokers: 'a:9092', registryUrl: 'http://r', stream: { rawTopic: 't' } }

it('brokers come as a list or separated by commas', () => {
  expect(brokersOf({ ...least, brokers: 'a:9092, b:9092,' })).toEqual(['a:9092', 'b:9092'])
  expect(brokersOf({ ...least, brokers: ['a:9092'] })).toEqual(['a:9092'])
  expect(() => brokersOf({ ...least, brokers: ' ' })).toThrow(WrongOptions)
})

it.each<[string, Partial<ProducerOptions>]>([
  ['lingerMs', { lingerMs: -1 }],
  ['lingerMs', { lingerMs: 0.5 }],
  ['maxBatchBytes', { maxBatchBytes: 900_001 }],
  ['maxQueuedBytes', { maxQueuedBytes: 10 }],
  ['deliverWithinMs', { deliverWithinMs: Number.NaN }],
  ['connectWithinMs', { connectWithinMs: 0 }],
])('%s out of its bounds is refused by name', (name, options) => {
  expect(() => limitsOf({ ...least, ...options })).toThrow(new RegExp(`^${name} must be a whole number from`))
})

it('limits have sound defaults', () => {
  expect(limitsOf(least)).toMatchObject({ lingerMs: 5, maxBatchBytes: 262_144, maxQueuedBytes: 33_554_432 })
})
