import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readMetrics } from '@weir/infra/demo/metrics-page.ts'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownStack, whileAway } from '../support/faults-stack.ts'
import { forwardPort } from '../support/port-forward.ts'
import { startReplica } from '../support/redis-replica.ts'
import { until } from '../support/until.ts'
import { Weir } from '../support/weir.ts'

const PERSONALIZATION = ['personalization']

/**
 * Redis is a cache and never the authority: whatever old things it says, nobody's withdrawal is forgotten and nobody is
 * taken for a stranger. Each time a sanitizer is started that remembers nobody, so that it has to ask Redis.
 */
describe('a consent cache that lacks what was written', () => {
  const stack = ownStack()
  let weir: Weir
  let redis: Redis
  let published = 0
  let grantedSoFar = 0

  beforeAll(async () => {
    weir = new Weir({ stack: stack().env })
    await weir.apply()
    await weir.startAll()
    redis = new Redis(stack().env.REDIS_URL)
    redis.on('error', () => {})
  })
  afterAll(async () => {
    redis?.disconnect()
    await weir?.close()
  })

  it('restored from an old dump: a withdrawal since holds, and so does a grant', async () => {
    await decide('anna', 'grant')
    await eventsOf('anna', 3, 'granted')
    const { dataFolder } = stack().parts.redis
    await until('the cache has it', () => cacheHas())
    await redis.config('SET', 'dir', dataFolder)
    await redis.save()
    copyFileSync(join(dataFolder, 'dump.rdb'), join(dataFolder, 'old.rdb'))
    await decide('anna', 'withdraw')
    await decide('bert', 'grant')
    await whileAway(stack().parts.redis, async () => {
      copyFileSync(join(dataFolder, 'old.rdb'), join(dataFolder, 'dump.rdb'))
      await freshSanitizer()
    })
    await eventsOf('anna', 3, 'stripped')
    await eventsOf('bert', 3, 'granted')
    rmSync(join(dataFolder, 'dump.rdb'))
  })

  it('failed over to a replica that lacks writes: the same, and it is brought up to date', async () => {
    await decide('carla', 'grant')
    await eventsOf('carla', 3, 'granted')
    const replica = await startReplica(redis, stack().parts.redis.port)
    try {
      // From here on nothing reaches it any more.
      await replica.client.replicaof('NO', 'ONE')
      await decide('carla', 'withdraw')
      await decide('dora', 'grant')
      const before = await watermarks(replica.client)
      await whileAway(stack().parts.redis, async () => {
        const failedOver = await forwardPort(stack().parts.redis.port, replica.port)
        try {
          await freshSanitizer()
          await eventsOf('carla', 3, 'stripped')
          await eventsOf('dora', 3, 'granted')
          expect(await watermarks(replica.client)).toBeGreaterThan(before)
        } finally {
          await failedOver.close()
        }
      })
    } finally {
      await replica.stop()
    }
  })

  it('that may evict is not loaded, and a partition that it threw away is waited for, not taken for empty', async () => {
    await decide('emil', 'grant')
    await eventsOf('emil', 3, 'granted')
    await freshSanitizer()
    await weir.service('sanitizer').ready()
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const ops = await weir.service('projector').url('ops')
    await until('the projector says so', async () => {
      const response = await fetch(`${ops}/readyz`)
      return response.status === 503 && (await response.text()).includes('noeviction')
    })
    const keys = await redis.keys(`${weir.namespace}consent.state:*`)
    await redis.del(...keys)
    await publish('emil', 3)
    await until('it is held', async () => {
      return (
        (await readMetrics(weir.service('sanitizer'))).sum('weir_sanitizer_held_total', { reason: 'redis-behind' }) > 0
      )
    })
    expect(await granted()).toBe(grantedSoFar)
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    grantedSoFar += 3
    await cameOut()
  })

  async function decide(subject: string, kind: 'grant' | 'withdraw'): Promise<void> {
    const { status } = await weir.decide({ subject, kind, purposes: PERSONALIZATION })
    expect(status).toBe('effective')
  }

  async function freshSanitizer(): Promise<void> {
    await weir.service('sanitizer').stop()
    weir.start('sanitizer')
  }

  async function publish(subject: string, count: number): Promise<void> {
    await weir.publish(Array.from({ length: count }, () => ({ key: subject, value: weir.event(subject) })))
    published += count
  }

  async function eventsOf(subject: string, count: number, as: 'granted' | 'stripped'): Promise<void> {
    await publish(subject, count)
    if (as === 'granted') grantedSoFar += count
    await cameOut()
  }

  /** Every event came out once, and as many with a pseudonym as should. */
  async function cameOut(): Promise<void> {
    await weir.drained(90_000)
    expect(await weir.clean('personalization')).toHaveLength(published)
    expect(await granted()).toBe(grantedSoFar)
  }

  async function granted(): Promise<number> {
    const clean = await weir.dump('clickstream.personalization')
    return clean.filter(({ key }) => key !== null).length
  }

  async function cacheHas(): Promise<boolean> {
    const keys = await redis.keys(`${weir.namespace}consent.state:*`)
    const sizes = await Promise.all(keys.map((key) => redis.hlen(key)))
    // Watermark and topic id are two fields of each.
    return sizes.some((size) => size > 2)
  }

  async function watermarks(of: Redis): Promise<number> {
    const keys = await of.keys(`${weir.namespace}consent.state:*`)
    const values = await Promise.all(keys.map((key) => of.hget(key, 'w')))
    return values.reduce((sum, value) => sum + Number(value), 0)
  }
})
