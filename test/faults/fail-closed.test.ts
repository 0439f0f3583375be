import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownStack, whileAway } from '../support/faults-stack.ts'
import { until } from '../support/until.ts'
import { Weir } from '../support/weir.ts'

const PERSONALIZATION = ['personalization']

/** Promise 4: whatever is away, nothing that needs consent passes, nothing is lost, and it goes on by itself. */
describe('promise 4: fail closed', () => {
  const stack = ownStack()
  let weir: Weir
  let published = 0

  beforeAll(async () => {
    weir = new Weir({ stack: stack().env })
    await weir.apply()
    await weir.startAll()
    await weir.decide({ subject: 'anna', kind: 'grant', purposes: PERSONALIZATION })
    await publish(5)
    await weir.drained()
    expect(await granted()).toBe(published)
  })
  afterAll(async () => {
    await weir?.close()
  })

  async function publish(count: number): Promise<void> {
    await weir.publish(Array.from({ length: count }, () => ({ key: 'anna', value: weir.event('anna') })))
    published += count
  }

  async function granted(): Promise<number> {
    const clean = await weir.clean('personalization')
    return clean.filter(({ key }) => key !== null).length
  }

  /** Every published event came out, once, and as granted. */
  async function allCameOut(): Promise<void> {
    await weir.drained(90_000)
    expect(await weir.clean('personalization')).toHaveLength(published)
    expect(await granted()).toBe(published)
  }

  async function held(reason: string): Promise<void> {
    await until(`held: ${reason}`, async () => {
      const metrics = await weir.service('sanitizer').metrics()
      const line = metrics.split('\n').find((one) => one.startsWith(`weir_sanitizer_held_total{reason="${reason}"`))
      return line !== undefined && Number(line.split(' ').at(-1)) > heldBefore(reason)
    })
  }
  const heldSeen = new Map<string, number>()
  const heldBefore = (reason: string) => heldSeen.get(reason) ?? 0
  async function rememberHeld(): Promise<void> {
    const metrics = await weir.service('sanitizer').metrics()
    for (const [, reason, count] of metrics.matchAll(/^weir_sanitizer_held_total\{reason="([^"]+)"\} (\d+)$/gm)) {
      heldSeen.set(reason as string, Number(count))
    }
  }

  it('holds while Redis is away, and loses nothing', async () => {
    await rememberHeld()
    await whileAway(stack().parts.redis, async () => {
      await publish(20)
      await held('redis-away')
      expect(await weir.clean('personalization')).toHaveLength(published - 20)
    })
    // It came back empty: the loader fills it again from the log, and until then nobody is taken for a stranger.
    await allCameOut()
  })

  it('takes nobody for a stranger when Redis was flushed on the way', async () => {
    const redis = new Redis(stack().env.REDIS_URL)
    const publishing = publish(200)
    await redis.flushall()
    await publishing
    await redis.flushall()
    redis.disconnect()
    await allCameOut()
  })

  it('holds while the projector is away and consent is therefore not proved fresh', async () => {
    await rememberHeld()
    await weir.service('projector').stop('SIGKILL')
    await until('consent cold', async () => {
      const metrics = await weir.service('sanitizer').metrics()
      const age = metrics.match(/^weir_consent_age_seconds (\S+)$/m)?.[1]
      return Number(age) > 2
    })
    await publish(20)
    await held('consent-cold')
    expect(await weir.clean('personalization')).toHaveLength(published - 20)
    await weir.start('projector').ready()
    await allCameOut()
  })

  it('holds while the registry is away and a schema is not known yet; known schemas need no registry', async () => {
    const { schema } = await weir.registered('clickstream.raw')
    const newer = await weir.register('clickstream.raw', { ...(schema as object), doc: 'A newer version.' })
    await rememberHeld()
    await whileAway(stack().parts.registry, async () => {
      await publish(10)
      await weir.drained()
      await weir.publish([{ key: 'anna', value: weir.event('anna', {}, newer) }])
      published += 1
      await held('registry-away')
      await publish(5)
    })
    await allCameOut()
  })

  it('goes on after the broker was killed, without loss or repeat', async () => {
    await publish(100)
    await whileAway(stack().parts.kafka, async () => {
      expect(weir.service('sanitizer').running).toBe(true)
    })
    await publish(100)
    await allCameOut()
  })

  it('starts while broker, Redis and registry are away, and does its job when they have come', async () => {
    await Promise.all([...weir.services.values()].map((service) => service.stop()))
    await publish(50)
    const { kafka, redis, registry } = stack().parts
    await Promise.all([kafka.stop('SIGKILL'), redis.stop('SIGKILL'), registry.stop('SIGKILL')])
    for (const kind of ['projector', 'consent', 'sanitizer'] as const) weir.start(kind)
    await Promise.all([...weir.services.values()].map((service) => service.url('ops')))
    await registry.start()
    await redis.start()
    await kafka.start()
    await allCameOut()
    const { status } = await weir.decide({ subject: 'anna', kind: 'withdraw', purposes: PERSONALIZATION })
    expect(status).toBe('effective')
  })
})
