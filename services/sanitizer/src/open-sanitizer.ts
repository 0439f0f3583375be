import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChunkAudit } from '@weir/audit'
import { CONSENT_PARTITIONS } from '@weir/consent'
import { openConsentView, type ViewHealth } from '@weir/consent-view'
import { loadContracts, type Output, type Stream } from '@weir/contracts'
import { connectKafka, type Fetcher, type Kafka } from '@weir/kafka'
import { preflight, TRANSACTION_TIMEOUT_MS } from '@weir/preflight'
import { GrantKeys, KeyRing, purposeKeys, referenceHasher, type Sealer, sealer } from '@weir/pseudonym'
import {
  commonConfig,
  contractFingerprint,
  contractsConfig,
  kafkaConfig,
  kafkaOptions,
  keyFilesConfig,
  type Logger,
  type Readiness,
  readKeyFile,
  readRootKeys,
  redisConfig,
  registryConfig,
  topicName,
} from '@weir/service'
import { Marks } from '@weir/transcoder'
import type { Registry } from 'prom-client'
import type { z } from 'zod'
import type { Clock, Environment, Random } from './environment.ts'
import { Loop } from './loop.ts'
import { SanitizerMetrics } from './metrics.ts'
import { openOutputs } from './open-outputs.ts'
import type { Reader } from './reader.ts'
import { httpRegistry } from './registry.ts'
import type { Tally } from './tally.ts'
import { Watch } from './watch.ts'
import { WriterSchemas } from './writer-schemas.ts'

const REBALANCE_TIMEOUT_MS = 10_000
/** Of each purpose, below a kilobyte each: the people who are active at one time. */
const REMEMBERED_GRANTS = 50_000
/** How long a drain may wait for the broker. */
const ABANDON_AFTER_MS = 1_500

/** Settings of every process that sanitizes: live, replay and redrive. */
export const sanitizerConfig = {
  ...commonConfig,
  ...kafkaConfig,
  ...redisConfig,
  ...registryConfig,
  ...contractsConfig,
  ...keyFilesConfig,
}

type Settings = z.output<z.ZodObject<typeof sanitizerConfig>>

/** Where the rows come from, and who commits how far. */
export interface Source {
  /** As it is called on the cluster. */
  readonly topic: string
  readonly groupId: string
  readonly transactionalId: string
  readonly kind: ChunkAudit['kind']
  /** Where to read on, by partition; asked after each assignment and each recovery. Rejects as startPositions does. */
  startsAt(partitions: readonly number[]): Promise<ReadonlyMap<number, number>>
  reader(parts: { readonly fetcher: Fetcher; readonly sealer: Sealer; readonly clock: Clock }): Reader
}

export interface SourceGround {
  readonly kafka: Kafka
  readonly stream: Stream
  /** As it is called on the cluster. */
  readonly rawTopic: string
  /** Fingerprint of the contract that it runs with, 32 bytes. */
  readonly contract: Buffer
  /** Puts the namespace before a name. */
  readonly name: (plain: string) => string
  readonly signal: AbortSignal
}

export interface SanitizerParts {
  readonly settings: Settings
  /** As kafka calls it in its logs and quotas. */
  readonly clientId: string
  /** Name of the stream in the contracts. */
  readonly streamName: string
  readonly source: (ground: SourceGround) => Source
  /** Only these purposes, and where they go, as it is called on the cluster. Left out: all, to the contract's topics. */
  readonly outputs?: readonly { readonly purpose: string; readonly topic: string }[]
  /** False: rows that can't be processed are counted, and lie in quarantine already. */
  readonly quarantines: boolean
  readonly metrics: Registry
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Aborts when the process is to end: what is open ends, nothing new begins. */
  readonly signal: AbortSignal
  readonly fail: (error: unknown) => void
  /** What was committed, a chunk. */
  readonly onCommitted?: (tally: Tally) => void
}

export interface OpenSanitizer {
  readonly kafka: Kafka
  readonly source: Source
  ready(): Readiness
  /** After the signal. Bounded: what the broker does not answer is given up. */
  close(): Promise<void>
}

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // Rejects when the signal aborts, which here only means: wait no longer.
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
}
const random: Random = { below: (below) => randomInt(below), bytes: (count) => randomBytes(count) }

/**
 * Puts a sanitizer together and starts it: the same parts whatever its source. When it rejects, what it had opened stays
 * open: the process is to exit, as runService does.
 */
export async function openSanitizer(parts: SanitizerParts): Promise<OpenSanitizer> {
  const { settings, log, signal, fail } = parts
  const rootKeys = readRootKeys(settings.WEIR_ROOT_KEY_FILE)
  const ring = new KeyRing(rootKeys.keys, rootKeys.current)
  const keys = purposeKeys(ring)
  const referenceKey = readKeyFile(settings.WEIR_REFERENCE_KEY_FILE)
  const contracts = loadContracts(settings.WEIR_CONTRACTS)
  const contract = contractFingerprint(settings.WEIR_CONTRACTS)
  const stream = withOutputs(streamOf(contracts.streams, parts.streamName), parts.outputs)
  const name = (plain: string) => topicName(settings.WEIR_NAMESPACE, plain)
  const rawTopic = name(stream.rawTopic)

  const kafka = await connectKafka({
    ...kafkaOptions(settings, parts.clientId),
    signal,
    onEvent: (event) => log.info({ event: `kafka-${event.kind}`, detail: event.message }),
  })
  await preflight({
    kafka,
    redisUrl: settings.REDIS_URL,
    namespace: settings.WEIR_NAMESPACE,
    rawTopics: [rawTopic],
    signal,
    onEvent: (event) => log.info({ event: event.kind, detail: event.message }),
  })
  const reading = httpRegistry(settings.SCHEMA_REGISTRY_URL)
  const opened = await openOutputs({
    kafka,
    registry: reading,
    stream,
    purposes: contracts.purposes,
    name,
    topicOf: ({ purpose, topic }) => parts.outputs?.find((one) => one.purpose === purpose.name)?.topic ?? name(topic),
    clock,
    log,
    signal,
  })
  const consent = await openConsentView({
    kafka,
    redis: settings.REDIS_URL,
    namespace: settings.WEIR_NAMESPACE,
    clock,
    onEvent: (event) => log.info({ event: `consent-${event.kind}`, detail: event.message }),
  })
  const source = parts.source({ kafka, stream, rawTopic, contract, name, signal })
  const transactions = kafka.transactionalProducer({
    transactionalId: source.transactionalId,
    transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
  })
  const fetcher = kafka.fetcher({
    topic: source.topic,
    isolation: 'read_committed',
    maxWaitMs: 250,
    maxPartitionBytes: 4 * 1024 * 1024,
    maxBytes: 16 * 1024 * 1024,
    readAheadBytes: 16 * 1024 * 1024,
  })
  const seals = sealer(ring)
  const reader = source.reader({ fetcher, sealer: seals, clock })
  const purposes = stream.outputs.map((output) => output.purpose.name)
  const metrics = new SanitizerMetrics(parts.metrics, {
    lag: () => reader.lag,
    lagMs: () => watch?.lagMs ?? 0,
    consentAgeMs: () => consent.health().oldestAgeMs,
  })
  metrics.expect(purposes)

  const loop = new Loop({
    reader,
    startsAt: (partitions) => source.startsAt(partitions),
    transactions,
    clock,
    metrics,
    purposes,
    log,
    signal,
    fail,
    ...(parts.onCommitted === undefined ? {} : { onCommitted: parts.onCommitted }),
  })
  // What is read once, by hand, has somebody who looks at it.
  const watch = source.kind === 'live' ? new Watch({ kafka, rawTopic, loop, reader, clock, log, fail, signal }) : null
  const member = await kafka.join({
    groupId: source.groupId,
    topic: source.topic,
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
    outputs: opened.outputs,
    quarantine: parts.quarantines ? opened.quarantine : null,
    audit: { ...opened.audit, kind: source.kind, source: source.topic, contract },
    schemas: new WriterSchemas(reading, stream, `${rawTopic}-value`),
    marks: new Marks(),
    consent,
    references: referenceHasher(referenceKey),
    grantKeys: purposes.map((purpose) => new GrantKeys(keys, purpose, REMEMBERED_GRANTS)),
    sealer: seals,
    transactions,
    member,
    clock,
    random,
  }
  const running = loop.run(env).catch(fail)
  const watching = watch?.run().catch(fail)

  return {
    kafka,
    source,
    ready: () => readiness(loop.trouble ?? watch?.why ?? null, consent.health()),
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
}

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
  throw new Error(`There is no stream "${wanted}" in the contracts; they have: ${known}`)
}

function withOutputs(stream: Stream, wanted: SanitizerParts['outputs']): Stream {
  if (wanted === undefined) return stream
  const isWanted = ({ purpose }: Output) => wanted.some((one) => one.purpose === purpose.name)
  const outputs = stream.outputs.filter(isWanted)
  if (outputs.length === wanted.length) return { ...stream, outputs }
  throw new Error(
    `The contract has not all of these purposes of ${stream.name}: ${wanted.map((one) => one.purpose).join(', ')}`,
  )
}
