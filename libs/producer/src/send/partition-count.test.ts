import { expect, it } from 'vitest'
import { FakeClock, settled } from '../../fixtures/fake-clock.ts'
import { partitionCount } from './partition-count.ts'

const MINUTE = 60_000

function setUp() {
  const clock = new FakeClock()
  const cluster = { partitions: 4, isAway: false, asked: 0 }
  const topics = async () => {
    cluster.asked++
    if (cluster.isAway) throw new Error('away')
    return [{ topic: 't', topicId: '', partitions: cluster.partitions }]
  }
  return { clock, cluster, count: partitionCount({ topics }, 't', 4, clock) }
}

it('is looked up again after five minutes, so that added partitions are used', async () => {
  const { clock, cluster, count } = setUp()
  cluster.partitions = 6
  await clock.pass(4 * MINUTE)
  count()
  expect(cluster.asked).toBe(0)
  await clock.pass(MINUTE)
  expect(count()).toBe(4)
  await settled()
  expect(count()).toBe(6)
  expect(cluster.asked).toBe(1)
})

it('stays what it was while the broker is away', async () => {
  const { clock, cluster, count } = setUp()
  cluster.isAway = true
  await clock.pass(6 * MINUTE)
  count()
  await settled()
  expect(count()).toBe(4)
})
