import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { openConsentView, openRedis, pause } from '@weir/consent-view'
import { connectKafka, type Kafka } from '@weir/kafka'
import { preflight, TRANSACTION_TIMEOUT_MS } from '@weir/preflight'
import { KeyRing, purposeKeys } from '@weir/pseudonym'
import {
  commonConfig,
  kafkaConfig,
  kafkaOptions,
  keyFilesConfig,
  readRootKeys,
  redisConfig,
  runService,
  slotConfig,
  topicName,
} from '@weir/service'
import { z } from 'zod'
import { CacheWriter } from './cache-writer.ts'
import type { Environment, Topics } from './environment.ts'
import { Expiry } from './expiry.ts'
import { Loader } from './loader.ts'
import { Loop } from './loop.ts'
import { makeProjectorMetrics, watchProjector } from './metrics.ts'
import { Ticker } from './ticker.ts'

/** Closing takes a fraction of it while the broker answers. */
const BROKER_ANSWERS_WITHIN_MS = 1_500
/** A scan reads all states: seldom enough to cost little, often enough that what it finds fits into memory. */
const EXPIRY_HORIZON_MS = 6 * 3_600_000
const EXPIRY_MAX_REFS = 16_384

const { WEIR_ROOT_KEY_FILE } = keyFilesConfig

await runService({
  name: 'projector',
  config: z.object({ ...commonConfig, ...kafkaConfig, ...redisConfig, ...slotConfig, WEIR_ROOT_KEY_FILE }),
  start: async ({ config, log, metrics: registry, signal, fail }) => {
    const namespace = config.WEIR_NAMESPACE
    const named = (name: string) => topicName(namespace, name)
    const onEvent = ({ kind, message }: { kind: string; message: string }) => log.info({ event: kind, message })

    const rootKeys = readRootKeys(config.WEIR_ROOT_KEY_FILE)
    const ring = new KeyRing(rootKeys.keys, rootKeys.current)
    const kafka = await connectKafka({ ...kafkaOptions(config, 'weir-projector'), onEvent, signal })
    await preflight({ kafka, redisUrl: config.REDIS_URL, namespace, rawTopics: [], signal, onEvent })
    const redis = openRedis(config.REDIS_URL, (error) => log.warn({ event: 'redis-error', err: error }))
    const clock = { monotonicMs: () => performance.now() }
    const view = await openConsentView({ kafka, redis, namespace, clock, requireFresh: false, onEvent })
    const metrics = makeProjectorMetrics(registry)
    const topics = await findTopics(kafka, named, signal, onEvent)

    const loader = new Loader({
      kafka,
      topic: topics.state,
      cache: new CacheWriter(redis, namespace),
      monotonicMs: clock.monotonicMs,
      onEvent,
      onLoaded: (records) => metrics.loadedRecords.inc(records),
    })
    const appender = await kafka.appender()
    const ticker = new Ticker({
      appender,
      topic: topics.decisions,
      view,
      everyMs: 200,
      giveUpAfterMs: 10_000,
      randomHex16: () => randomBytes(16).toString('hex'),
      monotonicMs: clock.monotonicMs,
      onRoundTrip: (ms) => metrics.tickSeconds.observe(ms / 1_000),
      onError: (error) => log.warn({ event: 'tick-not-appended', err: error }),
    })
    const expiry = new Expiry({
      kafka,
      appender,
      topics,
      view,
      everyMs: 500,
      horizonMs: EXPIRY_HORIZON_MS,
      maxRefs: EXPIRY_MAX_REFS,
      randomUuid: randomUUID,
      randomHex16: () => randomBytes(16).toString('hex'),
      onExpired: (records) => metrics.expired.inc(records),
      onError: (error) => log.warn({ event: 'grants-not-expired', err: error }),
    })
    const environment: Environment = {
      kafka,
      view,
      producer: kafka.transactionalProducer({
        transactionalId: named(`projector.${config.WEIR_SLOT}`),
        transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      }),
      groupId: named('projector'),
      topics,
      purposeKeys: purposeKeys(ring),
      salts: { salt: () => randomBytes(16).toString('hex'), epoch: ring.current },
      randomBelow: (below) => randomInt(below),
      monotonicMs: clock.monotonicMs,
      nowMs: () => Date.now(),
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
    watchProjector(registry, view, loop, loader)
    loop.start()

    return {
      ready: () => {
        const why = view.health().why || loop.why || loader.why
        return why === '' ? { ok: true } : { ok: false, why }
      },
      close: async () => {
        // A broker that is away must not hold the end up. What is given up harms nothing: a transaction that is left
        // open is ended by the next init of this slot, and only committed offsets count.
        const late = setTimeout(() => kafka.abandon(), BROKER_ANSWERS_WITHIN_MS)
        await ticker.close()
        await expiry.close()
        await loop.close()
        await loader.close()
        await view.close()
        await appender.close()
        redis.disconnect()
        await kafka.close()
        clearTimeout(late)
      },
    }
  },
})

/** Waits until set-up has made the consent topics. */
async function findTopics(
  kafka: Kafka,
  named: (name: string) => string,
  signal: AbortSignal,
  onEvent: (event: { kind: string; message: string }) => void,
): Promise<Topics> {
  const names = {
    decisions: named('consent.decisions'),
    state: named('consent.state'),
    forget: named('consent.forget'),
  }
  for (let tries = 0; ; tries++) {
    signal.throwIfAborted()
    const infos = await kafka.topics(Object.values(names)).catch(() => [])
    const forget = infos.find((info) => info.topic === names.forget)
    if (infos.length === 3 && forget !== undefined) return { ...names, forgetPartitions: forget.partitions }
    if (tries === 0)
      onEvent({ kind: 'waiting-for-topics', message: 'the consent topics are not there yet: run set-up' })
    await pause(500, signal)
  }
}
