import { readFileSync } from 'node:fs'
import { readMetrics } from '@weir/infra/demo/metrics-page.ts'
import type { PartName } from '@weir/infra/stack/index.ts'
import type { TopicPartition } from '@weir/kafka'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownStack, whileAway, whileFrozen } from '../support/faults-stack.ts'
import { produce, type RecordToProduce } from '../support/foreign/foreign.ts'
import { until } from '../support/until.ts'
import { ALL_SERVICES, type ServiceName, Weir } from '../support/weir.ts'

const PERSONALIZATION = ['personalization']
/** Of a steady flow so many events are sent on before the last ones are known to be appended. */
const FLOW_STEP = 50
/** Longer than the broker takes to come back. */
const PATIENCE_MS = 90_000

/** Promise 4: whatever is away, nothing that needs consent passes, nothing is lost, and it goes on by itself. */
describe('promise 4: fail closed', () => {
  const stack = ownStack()
  let weir: Weir
  let published = 0
  /** Events of people who never decided anything: they come out too, stripped. */
  let strangers = 0

  beforeAll(async () => {
    weir = new Weir({ stack: stack().env })
    await weir.apply()
    await weir.startAll()
    await weir.decide({ subject: 'anna', kind: 'grant', purposes: PERSONALIZATION })
    await publish(5)
    await allCameOut()
  })
  afterAll(async () => {
    await weir?.close()
  })

  it('holds while Redis is away and someone is not known without it, and loses nothing', async () => {
    const before = await heldBy('redis-away')
    await whileAway(stack().parts.redis, async () => {
      await publish(20)
      await weir.drained()
      expect(await granted()).toBe(published)
      await publishStranger()
      await held('redis-away', before)
      await publish(5)
      expect(await granted()).toBe(published - 5)
    })
    // It came back empty: the loader fills it again from the log, and until then nobody is taken for a stranger.
    await allCameOut()
  })

  it('takes nobody for a stranger when Redis is flushed while events flow', async () => {
    const redis = new Redis(stack().env.REDIS_URL)
    const before = await heldBy('redis-behind')
    const flow = startFlow()
    try {
      await inTheMiddle()
      // Until a flush falls between two chunks, so that one finds Redis empty.
      await until('held: redis-behind', async () => {
        await redis.flushall()
        return (await heldBy('redis-behind')) > before
      })
      const reached = await committed()
      await until('it goes on', async () => (await committed()) > reached)
    } finally {
      await flow.end()
      redis.disconnect()
    }
    await allCameOut()
  })

  it('holds while the projector is away and consent is therefore not proved fresh', async () => {
    const before = await heldBy('consent-cold')
    await weir.service('projector').stop('SIGKILL')
    await until('consent cold', async () => {
      return (await readMetrics(weir.service('sanitizer'))).sum('weir_consent_age_seconds') > 2
    })
    await publish(20)
    await held('consent-cold', before)
    expect(await granted()).toBe(published - 20)
    await weir.start('projector').ready()
    await allCameOut()
  })

  it('holds while the registry is away and a schema is not known yet; known schemas need no registry', async () => {
    const { schema } = await weir.registered('clickstream.raw')
    const newer = await weir.register('clickstream.raw', { ...(schema as object), doc: 'A newer version.' })
    const before = await heldBy('registry-away')
    await whileAway(stack().parts.registry, async () => {
      await publish(10)
      await weir.drained()
      await weir.publish([{ key: 'anna', value: weir.event('anna', {}, newer) }])
      published += 1
      await held('registry-away', before)
      await publish(5)
      expect(await granted()).toBe(published - 6)
    })
    await allCameOut()
  })

  it('goes on after the broker was killed in the middle, without loss or repeat', async () => {
    const flow = startFlow()
    try {
      await inTheMiddle()
      await whileAway(stack().parts.kafka, async () => {
        expect(weir.service('sanitizer').running).toBe(true)
      })
      const reached = await until('the broker answers', committed, PATIENCE_MS)
      await until('it goes on', async () => (await committed()) > reached, PATIENCE_MS)
    } finally {
      await flow.end()
    }
    await allCameOut()
  })

  it('holds while the broker hangs with its connections open, and loses and repeats nothing', async () => {
    const flow = startFlow()
    try {
      await inTheMiddle()
      await whileFrozen(stack().parts.kafka, async () => {
        await notReady('sanitizer')
        expect((await readMetrics(weir.service('sanitizer'))).sum('weir_consent_age_seconds')).toBeGreaterThan(2)
        expect(weir.service('sanitizer').running).toBe(true)
      })
      const reached = await until('the broker answers', committed, PATIENCE_MS)
      await until('it goes on', async () => (await committed()) > reached, PATIENCE_MS)
    } finally {
      await flow.end()
    }
    await allCameOut()
  })

  it('starts while Redis is away, holds, and does its job when it has come', async () => {
    await startWithout('redis', async () => {
      await held('redis-away', 0)
      await notReady('projector')
    })
  })

  it('starts while the registry is away, waits, and does its job when it has come', async () => {
    await startWithout('registry', async () => {
      await notReady('sanitizer')
      await until('it says why', () => saidNow('sanitizer').includes('the schema registry does not answer'))
      // Who needs no registry does their job.
      await Promise.all([weir.service('projector').ready(), weir.service('consent').ready()])
    })
  })

  it('starts while the broker is away, waits, and does its job when it has come', async () => {
    await startWithout('kafka', async () => {
      await Promise.all(ALL_SERVICES.map(notReady))
      await until('they say why', () => ALL_SERVICES.every((name) => saidNow(name).includes('broker-away')))
    })
    const { status } = await weir.decide({ subject: 'anna', kind: 'withdraw', purposes: PERSONALIZATION })
    expect(status).toBe('effective')
  })

  /** All services are started with one part away and the other two up; events that came before wait for it. */
  async function startWithout(part: PartName, seen: () => Promise<void>): Promise<void> {
    await Promise.all(ALL_SERVICES.map((name) => weir.service(name).stop()))
    await publish(20)
    await whileAway(stack().parts[part], async () => {
      for (const name of ALL_SERVICES) weir.start(name)
      await seen()
      if (part !== 'kafka') expect(await granted()).toBe(published - 20)
    })
    await allCameOut()
    await Promise.all(ALL_SERVICES.map((name) => weir.service(name).ready()))
  }

  async function publish(count: number): Promise<void> {
    await weir.publish(Array.from({ length: count }, () => ({ key: 'anna', value: weir.event('anna') })))
    published += count
  }

  async function publishStranger(): Promise<void> {
    const stranger = nextStranger()
    await weir.publish([{ key: stranger, value: weir.event(stranger) }])
  }

  function nextStranger(): string {
    strangers += 1
    return `stranger-${strangers}`
  }

  /** Events of anna and of strangers, steadily, until it is ended; then anna's count as published. */
  function startFlow(): { end(): Promise<void> } {
    let over = false
    const strangersBefore = strangers
    const flowing = produce(
      stack().env.KAFKA_BROKERS,
      flow(() => over),
    )
    // Looked at when it is ended; until then a failure must not count as one that nobody looks at.
    flowing.catch(() => {})
    return {
      async end() {
        over = true
        published += (await flowing).length - (strangers - strangersBefore)
      },
    }
  }

  async function* flow(over: () => boolean): AsyncGenerator<RecordToProduce> {
    const before = await end()
    for (let sent = 0; !over(); sent += FLOW_STEP) {
      await until('they are appended', async () => (await end()) >= before + sent - FLOW_STEP, PATIENCE_MS)
      // Whom nobody remembers Redis has to be asked for.
      const stranger = nextStranger()
      for (const subject of [stranger, ...new Array<string>(FLOW_STEP - 1).fill('anna')]) {
        yield { topic: weir.topic('clickstream.raw'), key: Buffer.from(subject), value: weir.event(subject) }
      }
    }
  }

  /** Something of what flows is committed, and something is not. */
  async function inTheMiddle(): Promise<void> {
    const before = await committed()
    await until('in the middle', async () => {
      const now = await committed()
      return now > before && now < (await end())
    })
  }

  async function committed(): Promise<number> {
    const offsets = await (await weir.kafka()).committedOffsets(weir.topic('sanitizer.clickstream'), rawPartitions())
    return sum(offsets)
  }

  async function end(): Promise<number> {
    return sum(await (await weir.kafka()).endOffsets(rawPartitions(), 'high-watermark'))
  }

  function rawPartitions(): TopicPartition[] {
    return [0, 1].map((partition) => ({ topic: weir.topic('clickstream.raw'), partition }))
  }

  const sum = (offsets: readonly number[]) => offsets.reduce((total, offset) => total + Math.max(0, offset), 0)

  async function granted(): Promise<number> {
    const clean = await weir.dump('clickstream.personalization')
    return clean.filter(({ key }) => key !== null).length
  }

  /** Every published event came out, once, and as granted. */
  async function allCameOut(): Promise<void> {
    await weir.drained(PATIENCE_MS)
    const clean = await weir.clean('personalization')
    expect(clean).toHaveLength(published + strangers)
    expect(clean.filter(({ key }) => key !== null)).toHaveLength(published)
  }

  /** Attempts at a chunk that the sanitizer, as it runs now, has given up for this reason. */
  async function heldBy(reason: string): Promise<number> {
    return (await readMetrics(weir.service('sanitizer'))).sum('weir_sanitizer_held_total', { reason })
  }

  async function held(reason: string, before: number): Promise<void> {
    await until(`held: ${reason}`, async () => (await heldBy(reason)) > before)
  }

  /** What it has logged since its last start. */
  function saidNow(name: ServiceName): string {
    return readFileSync(weir.service(name).logFile, 'utf8')
  }

  async function notReady(name: ServiceName): Promise<void> {
    const url = await weir.service(name).url('ops')
    await until(`${name} is not ready`, async () => (await fetch(`${url}/readyz`)).status === 503)
  }
})
