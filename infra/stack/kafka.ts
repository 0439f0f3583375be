import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaEnv, javaFlags } from './java-flags.ts'
import type { PartKind, PartPlace } from './part.ts'

export interface KafkaOptions {
  readonly java: string
  readonly classPath: string
  /** Broker settings beside or instead of the stack's own, in Kafka's names. */
  readonly config: Readonly<Record<string, string | number | boolean>>
  /** More words for `kafka-storage format`, such as --feature or --add-scram. */
  readonly format?: readonly string[]
  /** Upper bound of the broker's heap. */
  readonly heapMb: number
  readonly env: NodeJS.ProcessEnv
  /** One of several. Default: alone. */
  readonly node?: ClusterNode
}

/** A broker's place among several. */
export interface ClusterNode {
  /** From 1. */
  readonly id: number
  readonly clusterId: string
  /** `id@host:port` of every controller, once all have their ports. */
  voters(): string
}

/** A broker that is a controller too (KRaft), for one machine and one stack's life; alone or one of several. */
export function kafka(options: KafkaOptions): PartKind {
  const { node } = options
  const propertiesFile = (place: PartPlace): string => join(place.dataFolder, 'server.properties')
  const java = (place: PartPlace, heapMb: number): string[] => [
    ...javaFlags(place.dataFolder, heapMb),
    // Brokers of a cluster are started again and again: a quick start is worth more than the best code.
    ...(node === undefined ? [] : ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']),
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
    '-cp',
    options.classPath,
  ]
  return {
    name: node === undefined ? 'kafka' : `kafka-${node.id}`,
    ports: 2,
    async prepare(place, run) {
      await mkdir(join(place.dataFolder, 'tmp'), { recursive: true })
      const settings = { ...brokerSettings(place), ...(node && clusterSettings(node)), ...options.config }
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
      await writeFile(propertiesFile(place), lines.join(''))
      if (existsSync(join(place.dataFolder, 'logs', 'meta.properties'))) return
      const id = node?.clusterId ?? newClusterId()
      await run([
        ...java(place, 128),
        'kafka.tools.StorageTool',
        'format',
        // As one word: an id may begin with a dash.
        `--cluster-id=${id}`,
        '--config',
        propertiesFile(place),
        ...(options.format ?? []),
      ])
    },
    command: () => options.java,
    args: (place) => [...java(place, options.heapMb), 'kafka.Kafka', propertiesFile(place)],
    env: () => javaEnv(options.env),
    ready: /Kafka Server started/,
  }
}

export function newClusterId(): string {
  return randomBytes(16).toString('base64url')
}

/** Every record on all three brokers, acknowledged by two at least: one may go at any time. */
function clusterSettings(node: ClusterNode): Record<string, string | number | boolean> {
  return {
    'node.id': node.id,
    'controller.quorum.voters': node.voters(),
    'default.replication.factor': 3,
    'min.insync.replicas': 2,
    'offsets.topic.replication.factor': 3,
    'transaction.state.log.replication.factor': 3,
    'transaction.state.log.min.isr': 2,
    'share.coordinator.state.topic.replication.factor': 3,
    'share.coordinator.state.topic.min.isr': 2,
  }
}

function brokerSettings(place: PartPlace): Record<string, string | number | boolean> {
  const [port, controllerPort] = place.ports
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(place.dataFolder, 'logs'),

    // Topics come from the contract or not at all.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,

    // A crashed member is noticed after 6 s and not after 45 (KIP-848 has these on the broker's side).
    'group.consumer.session.timeout.ms': 6_000,
    'group.consumer.min.session.timeout.ms': 6_000,
    'group.consumer.heartbeat.interval.ms': 1_000,
    'group.consumer.min.heartbeat.interval.ms': 1_000,
    'group.initial.rebalance.delay.ms': 0,

    // A broker that crashed is let in again only after its old session has run out: 4 s and not 9. It must stay above
    // the 2 s after which consent counts as stale.
    'broker.session.timeout.ms': 4_000,
    'broker.heartbeat.interval.ms': 500,

    // How soon a transaction that nobody ends is given up after its timeout, and how soon a producer that begins
    // while the last commit is still being written is let in.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
    'add.partitions.to.txn.retry.backoff.ms': 5,

    // Small: internal topics are made on first use, and every partition costs files and start time.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.num.partitions': 1,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'log.cleaner.io.buffer.size': 131_072,
    // Whoever waits to see a compacted topic here does not wait for a rest of 15 s.
    'log.cleaner.backoff.ms': 1_000,
  }
}
