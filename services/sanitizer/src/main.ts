import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONSENT_PARTITIONS } from '@weir/consent'
import { openConsentView, type ViewHealth } from '@weir/consent-view'
import { loadContracts, type Stream } from '@weir/contracts'
import { connectKafka } from '@weir/kafka'
import { preflight, TRANSACTION_TIMEOUT_MS } from '@weir/preflight'
import { GrantKeys, KeyRing, purposeKeys, referenceHasher, sealer } from '@weir/pseudonym'
import {
  commonConfig,
  contractsConfig,
  kafkaConfig,
  kafkaOptions,
  keyFilesConfig,
  type Readiness,
  readKeyFile,
  readRootKeys,
  redisConfig,
  registryConfig,
  runService,
  slotConfig,
  topicName,
} from '@weir/service'
import { Marks } from '@weir/transcoder'
import { z } from 'zod'
import { ChunkReader } from './chunk-reader.ts'
import type { Clock, Environment, Random } from './environment.ts'
import { Loop } from './loop.ts'
import { SanitizerMetrics } from './metrics.ts'
import { openOutputs } from './open-outputs.ts'
import { httpRegistry } from './registry.ts'
import { Watch } from './watch.ts'
import { WriterSchemas } from './writer-schemas.ts'

const REBALANCE_TIMEOUT_MS = 10_000
/** Of each purpose, below a kilobyte each: the people who are active at one time. */
const REMEMBERED_GRANTS = 50_000
/** How long a drain may wait for the broker. */
const ABANDON_AFTER_MS = 1_500

const config = z.object({
  ...commonConfig,
  ...kafkaConfig,
  ...redisConfig,
  ...registryConfig,
  ...contractsConfig,
  ...keyFilesConfig,
  ...slotConfig,
  WEIR_STREAM: z
    .string()
    .default('clickstream')
    .describe('Name of the stream in the contracts that this process sanitizes'),
})

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // Rejects when the signal aborts, which here only means: wait no longer.
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
}
const random: Random = { below: (below) => randomInt(below), bytes: (count) => randomBytes(count) }

await runService({
  name: 'sanitizer',
  config,
  async start({ config, log, metrics: registry, signal, fail }) {
    const rootKeys = readRootKeys(config.WEIR_ROOT_KEY_FILE)
    const ring = new KeyRing(rootKeys.keys, rootKeys.current)
    const keys = purposeKeys(ring)
    const referenceKey = readKeyFile(config.WEIR_REFERENCE_KEY_FILE)
    const contracts = loadContracts(config.WEIR_CONTRACTS)
    const stream = streamOf(contracts.streams, config.WEIR_STREAM)
    const name = (plain: string) => topicName(config.WEIR_NAMESPACE, plain)
    const rawTopic = name(stream.rawTopic)
    const groupId = name(`sanitizer.${stream.name}`)

    const kafka = await connectKafka({
      ...kafkaOptions(config, 'weir-sanitizer'),
      signal,
      onEvent: (event) => log.info({ event: `kafka-${event.kind}`, detail: event.message }),
    })
    await preflight({
      kafka,
      redisUrl: config.REDIS_URL,
      namespace: config.WEIR_NAMESPACE,
      rawTopics: [rawTopic],
      signal,
      onEvent: (event) => log.info({ event: event.kind, detail: event.message }),
    })
    const reading = httpRegistry(config.SCHEMA_REGISTRY_URL)
    const opened = await openOutputs({
      kafka,
      registry: reading,
      stream,
      purposes: contracts.purposes,
      name,
      clock,
      log,
      signal,
    })
    const consent = await openConsentView({
      kafka,
      redis: config.REDIS_URL,
      namespace: config.WEIR_NAMESPACE,
      clock,
      onEvent: (event) => log.info({ event: `consent-${event.kind}`, detail: event.message }),
    })
    const transactions = kafka.transactionalProducer({
      transactionalId: `${groupId}.${config.WEIR_SLOT}`,
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
    })
    const fetcher = kafka.fetcher({
      topic: rawTopic,
      isolation: 'read_committed',
      maxWaitMs: 250,
      maxPartitionBytes: 4 * 1024 * 1024,
      maxBytes: 16 * 1024 * 1024,
      readAheadBytes: 16 * 1024 * 1024,
    })
    const reader = new ChunkReader(rawTopic, fetcher, clock.monotonicMs)
    const purposes = stream.outputs.map((output) => output.purpose.name)
    const metrics = new SanitizerMetrics(registry, {
      lag: () => reader.lag,
      lagMs: () => watch.lagMs,
      consentAgeMs: () => consent.health().oldestAgeMs,
    })
    metrics.expect(purposes)

    const loop = new Loop({
      kafka,
      groupId,
      rawTopic,
      reader,
      transactions,
      clock,
      metrics,
      purposes,
      log,
      signal,
      fail,
    })
    const watch = new Watch({ kafka, rawTopic, loop, reader, clock, log, fail, signal })
    const member = await kafka.join({
      groupId,
      topic: rawTopic,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      onAssigned: (partitions) => loop.assigned(partitions),
      onRevoked: (partitions) => loop.revoked(partitions),
      onLost: (partitions) => loop.lost(partitions),
      onStopped: fail,
      signal,
    })
    const env: Environment = {
      stream,
      rawTopic,
      ...opened,
      schemas: new WriterSchemas(reading, stream, `${rawTopic}-value`),
      marks: new Marks(),
      consent,
      references: referenceHasher(referenceKey),
      grantKeys: purposes.map((purpose) => new GrantKeys(keys, purpose, REMEMBERED_GRANTS)),
      sealer: sealer(ring),
      transactions,
      member,
      clock,
      random,
    }
    const running = loop.run(env).catch(fail)
    const watching = watch.run().catch(fail)

    return {
      ready: () => readiness(loop.trouble ?? watch.why, consent.health()),
      async close() {
        // A broker that says nothing must not keep the process: then what is outstanding is given up.
        const late = setTimeout(() => kafka.abandon(), ABANDON_AFTER_MS)
        await running
        await watching
        await member.leave()
        await transactions.close()
        await fetcher.close()
        await consent.close()
        await kafka.close()
        clearTimeout(late)
      },
    }
  },
})

function readiness(trouble: string | null, consent: ViewHealth): Readiness {
  if (trouble !== null) return { ok: false, why: trouble }
  if (consent.why !== '') return { ok: false, why: consent.why }
  if (consent.freshPartitions < CONSENT_PARTITIONS) return { ok: false, why: 'consent is not proved fresh' }
  return { ok: true }
}

function streamOf(streams: readonly Stream[], wanted: string): Stream {
  const stream = streams.find((one) => one.name === wanted)
  if (stream) return stream
  const known = streams.map((one) => one.name).join(', ')
  throw new Error(`WEIR_STREAM names "${wanted}", which the contracts do not have; they have: ${known}`)
}
