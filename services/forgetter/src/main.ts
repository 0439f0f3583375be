import { randomBytes, randomInt } from 'node:crypto'
import { pause } from '@weir/consent-view'
import { type Contracts, loadContracts } from '@weir/contracts'
import { connectKafka, type Kafka, KafkaError, type TopicInfo } from '@weir/kafka'
import { TRANSACTION_TIMEOUT_MS } from '@weir/preflight'
import {
  commonConfig,
  contractsConfig,
  kafkaConfig,
  kafkaOptions,
  runService,
  slotConfig,
  topicName,
} from '@weir/service'
import { z } from 'zod'
import { forgetterConfig } from './config.ts'
import { Erasing } from './erasing.ts'
import { type ForgetTopic, Forgetting } from './forgetting.ts'
import { GroupLoop } from './group-loop.ts'
import { makeForgetterMetrics, watchForgetter } from './metrics.ts'
import type { KeptTopics } from './retention.ts'

/** Closing takes a fraction of it while the broker answers. */
const BROKER_ANSWERS_WITHIN_MS = 1_500

await runService({
  name: 'forgetter',
  config: z.object({ ...commonConfig, ...kafkaConfig, ...contractsConfig, ...slotConfig, ...forgetterConfig }),
  start: async ({ config, log, metrics: registry, signal, fail }) => {
    const named = (name: string) => topicName(config.WEIR_NAMESPACE, name)
    const onEvent = ({ kind, message }: { kind: string; message: string }) => log.info({ event: kind, message })
    const contracts = loadContracts(config.WEIR_CONTRACTS)
    const kafka = await connectKafka({ ...kafkaOptions(config, 'weir-forgetter'), onEvent, signal })
    const topics = await findTopics(kafka, contracts, named, signal, onEvent)
    const metrics = makeForgetterMetrics(registry)
    const producer = (name: string) =>
      kafka.transactionalProducer({
        transactionalId: named(`${name}.${config.WEIR_SLOT}`),
        transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      })
    const monotonicMs = () => performance.now()

    const forgetProducer = producer('forgetter')
    const forgetting = new GroupLoop({
      kafka,
      producer: forgetProducer,
      groupId: named('forgetter'),
      topic: topics.forget,
      work: new Forgetting({
        kafka,
        producer: forgetProducer,
        topic: topics.forget,
        forgetTopics: topics.outputs,
        delayMs: () => randomInt(config.WEIR_FORGET_SPREAD_MS + 1),
        randomBelow: (below) => randomInt(below),
        monotonicMs,
        nowMs: () => Date.now(),
        metrics,
        onEvent,
      }),
      log,
      fail,
    })
    const erasureProducer = producer('forgetter.erasures')
    const erasing = new GroupLoop({
      kafka,
      producer: erasureProducer,
      groupId: named('forgetter.erasures'),
      topic: topics.decisions,
      work: new Erasing({
        kafka,
        producer: erasureProducer,
        topics: { ...topics, ...keptTopics(contracts, topics.forget, named) },
        forgetPartitions: topics.forgetPartitions,
        groups: { projector: named('projector'), forgetter: named('forgetter') },
        dumpsKeptMs: config.WEIR_REDIS_DUMPS_KEPT_MS,
        checkEveryMs: config.WEIR_ERASURE_CHECK_MS,
        random16: () => randomBytes(16),
        monotonicMs,
        signal,
        metrics,
        onEvent,
      }),
      log,
      fail,
    })
    watchForgetter(registry, forgetting.lanes, erasing.lanes)
    forgetting.start()
    erasing.start()

    return {
      ready: () => {
        const why = forgetting.why || erasing.why
        return why === '' ? { ok: true } : { ok: false, why }
      },
      close: async () => {
        // A broker that is away must not hold the end up: what waits was not committed and is read again.
        const late = setTimeout(() => kafka.abandon(), BROKER_ANSWERS_WITHIN_MS)
        await Promise.all([forgetting.close(), erasing.close()])
        await kafka.close()
        clearTimeout(late)
      },
    }
  },
})

function keptTopics({ streams }: Contracts, forget: string, named: (name: string) => string): KeptTopics {
  return {
    source: [...streams.map(({ rawTopic }) => named(rawTopic)), forget],
    derived: [...streams.map(({ quarantineTopic }) => quarantineTopic), 'weir.audit'].map(named),
  }
}

interface Topics {
  readonly decisions: string
  readonly state: string
  readonly forget: string
  readonly forgetPartitions: number
  /** Forget topics by purpose. */
  readonly outputs: ReadonlyMap<string, readonly ForgetTopic[]>
}

/** Waits until set-up has made the topics. */
async function findTopics(
  kafka: Kafka,
  { streams }: Contracts,
  named: (name: string) => string,
  signal: AbortSignal,
  onEvent: (event: { kind: string; message: string }) => void,
): Promise<Topics> {
  const names = {
    decisions: named('consent.decisions'),
    state: named('consent.state'),
    forget: named('consent.forget'),
  }
  const outputs = streams.flatMap((stream) =>
    stream.outputs.map(({ purpose, topic }) => ({ purpose: purpose.name, topic: named(`${topic}.forget`) })),
  )
  const wanted = [...Object.values(names), named('weir.audit'), ...outputs.map(({ topic }) => topic)]
  let told = ''
  for (;;) {
    signal.throwIfAborted()
    const found = await askTopics(kafka, wanted)
    const infos = new Map(found instanceof KafkaError ? [] : found.map(({ topic, partitions }) => [topic, partitions]))
    const missing = wanted.find((topic) => !infos.has(topic))
    if (missing === undefined) {
      const byPurpose = Map.groupBy(outputs, ({ purpose }) => purpose)
      const topics = [...byPurpose].map(
        ([purpose, own]) => [purpose, own.map(({ topic }) => ({ topic, partitions: infos.get(topic) ?? 0 }))] as const,
      )
      return { ...names, forgetPartitions: infos.get(names.forget) ?? 0, outputs: new Map(topics) }
    }
    const message = found instanceof KafkaError ? found.message : `${missing} is not there yet: run set-up`
    if (told !== message) onEvent({ kind: 'waiting-for-topics', message })
    told = message
    await pause(500, signal)
  }
}

async function askTopics(kafka: Kafka, names: readonly string[]): Promise<TopicInfo[] | KafkaError> {
  try {
    return await kafka.topics(names)
  } catch (error) {
    if (error instanceof KafkaError) return error
    throw error
  }
}
