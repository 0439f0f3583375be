import type { Kafka } from '@weir/kafka'
import { expect, test } from 'vitest'
import { aliasChanges } from './status-records.ts'

/** A cluster with these topics, and no weir.topics yet. */
function cluster(...topics: readonly string[]) {
  const kafka: Partial<Kafka> = {
    topics: async (names) =>
      names.filter((name) => topics.includes(name)).map((topic) => ({ topic, topicId: '', partitions: 1 })),
  }
  return { kafka: kafka as Kafka, namespace: '' }
}

const WANTED = [{ purpose: 'analytics', topic: 's.analytics.replay-1' }]

test('An alias is changed where it says another topic, or nothing', async () => {
  expect(await aliasChanges(cluster('s.analytics.replay-1'), 's', WANTED)).toEqual([{ ...WANTED[0], before: null }])
})

test('Nobody is sent to a topic that was deleted', async () => {
  await expect(aliasChanges(cluster('s.analytics'), 's', WANTED)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringContaining('s.analytics.replay-1'),
  })
})
