import { connectKafka } from '@weir/kafka'
import { expect, test } from 'vitest'
import { ownStack } from '../support/faults-stack.ts'

const stack = ownStack({
  start: ['kafka'],
  kafkaFormat: ['--feature', 'transaction.version=1', '--feature', 'group.version=0'],
})

test('A real broker whose features are not finalized is refused at once, with one message that says the mend', async () => {
  const brokers = stack().env.KAFKA_BROKERS.split(',')
  const refusal = await connectKafka({ brokers, clientId: 'test' }).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'WEIR_KAFKA_UNSUPPORTED', retriable: false })
  for (const part of [
    brokers[0] ?? 'an address',
    'feature transaction.version at level 2 (it has 1)',
    'feature group.version at level 1 (it has 0)',
    'kafka-features.sh upgrade --feature transaction.version=2 --feature group.version=1',
  ]) {
    expect(String(refusal)).toContain(part)
  }
})
