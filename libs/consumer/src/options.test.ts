import { replayTopic } from '@weir/replay'
import { expect, test } from 'vitest'
import { createConsumer } from './create-consumer.ts'
import { WrongOptions } from './errors.ts'
import { forgetTopicOf } from './options.ts'

const nothing = async () => {}
const good = { brokers: 'h:1', groupId: 'g', topic: 't', onRecords: nothing, onForget: nothing }

test.each([
  { brokers: ' , ' },
  { groupId: '' },
  { topic: '' },
  { maxBatchRecords: 0 },
  { maxBatchRecords: 10_001 },
  { rebalanceTimeoutMs: 999 },
  { connectWithinMs: 0.5 },
])('%j is refused before anything is connected, and named', async (wrong) => {
  const refused = createConsumer({ ...good, ...wrong })
  await expect(refused).rejects.toThrow(WrongOptions)
  await expect(refused).rejects.toThrow(new RegExp(`^${Object.keys(wrong)[0]}`))
})

test('A replay’s topic has the forget orders of the live one', () => {
  expect(forgetTopicOf('ns.shop.ads')).toBe('ns.shop.ads.forget')
  expect(forgetTopicOf(replayTopic('ns.shop.ads', '0a1b2c3d-0000-4000-8000-000000000000'))).toBe('ns.shop.ads.forget')
})
