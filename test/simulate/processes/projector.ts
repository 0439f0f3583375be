import { openConsentView } from '@weir/consent-view'
import { TRANSACTION_TIMEOUT_MS } from '@weir/preflight'
import { purposeKeys } from '@weir/pseudonym'
import { Registry } from 'prom-client'
import { CacheWriter } from '../../../services/projector/src/cache-writer.ts'
import { Expiry } from '../../../services/projector/src/expiry.ts'
import { Loader } from '../../../services/projector/src/loader.ts'
import { Loop } from '../../../services/projector/src/loop.ts'
import { makeProjectorMetrics } from '../../../services/projector/src/metrics.ts'
import { Ticker } from '../../../services/projector/src/ticker.ts'
import { bytesOf, uuidOf } from '../time/random-bytes.ts'
import { CONSENT_TOPICS, ring } from './contracts.ts'
import { clock, closingWithin, type Ground, REMEMBERED, type Started } from './ground.ts'

/** Put together as its main.ts does. */
export async function startProjector({ kafka, redis, random, log, slot, fail }: Ground): Promise<Started> {
  const onEvent = (event: { readonly kind: string; readonly message: string }) => log.info(event)
  const randomHex16 = () => bytesOf(random, 16).toString('hex')
  const topics = { ...CONSENT_TOPICS, forgetPartitions: 1 }
  const metrics = makeProjectorMetrics(new Registry())
  const { monotonicMs } = clock
  const view = await openConsentView({
    kafka,
    redis,
    namespace: '',
    clock,
    rememberedSubjects: REMEMBERED,
    requireFresh: false,
    onEvent,
  })
  const cache = new CacheWriter(redis, '')
  const loader = new Loader({ kafka, topic: topics.state, cache, monotonicMs, onEvent, onLoaded: () => {} })
  const appender = await kafka.appender()
  const ticker = new Ticker({
    appender,
    topic: topics.decisions,
    view,
    everyMs: 200,
    giveUpAfterMs: 10_000,
    randomHex16,
    monotonicMs,
    onRoundTrip: () => {},
    onError: (error) => log.warn({ event: 'tick-not-appended', err: error }),
  })
  const expiry = new Expiry({
    kafka,
    appender,
    topics,
    view,
    everyMs: 500,
    horizonMs: 6 * 3_600_000,
    maxRefs: 16_384,
    randomUuid: () => uuidOf(random),
    randomHex16,
    onExpired: () => {},
    onError: (error) => log.warn({ event: 'grants-not-expired', err: error }),
  })
  const producer = kafka.transactionalProducer({
    transactionalId: `projector.${slot}`,
    transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
  })
  const environment = {
    kafka,
    view,
    producer,
    groupId: 'projector',
    topics,
    purposeKeys: purposeKeys(ring),
    salts: { salt: randomHex16, epoch: ring.current },
    randomBelow: (below: number) => random.below(below),
    monotonicMs,
    nowMs: clock.nowMs,
    metrics,
    log,
    fail,
  }
  const loop = new Loop(environment, {
    started: (partition) => {
      loader.add(partition)
      ticker.add(partition)
      expiry.add(partition)
    },
    ended: (partition) => {
      loader.remove(partition)
      ticker.remove(partition)
      expiry.remove(partition)
    },
  })
  loop.start()

  return {
    why: () => view.health().why || loop.why || loader.why,
    close: () =>
      closingWithin(kafka, async () => {
        await ticker.close()
        await expiry.close()
        await loop.close()
        await loader.close()
        await view.close()
        await appender.close()
        redis.disconnect()
        await kafka.close()
      }),
  }
}
