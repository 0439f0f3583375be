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
  /** Upper bound of the broker's heap. */
  readonly heapMb: number
  readonly env: NodeJS.ProcessEnv
}

/** One broker that is its own controller (KRaft), for one machine and one stack's life. */
export function kafka(options: KafkaOptions): PartKind {
  const propertiesFile = (place: PartPlace): string => join(place.dataFolder, 'server.properties')
  const java = (place: PartPlace, heapMb: number): string[] => [
    ...javaFlags(place.dataFolder, heapMb),
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
    '-cp',
    options.classPath,
  ]
  return {
    name: 'kafka',
    ports: 2,
    async prepare(place, run) {
      await mkdir(join(place.dataFolder, 'tmp'), { recursive: true })
      const settings = { ...brokerSettings(place), ...options.config }
      const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
      await writeFile(propertiesFile(place), lines.join(''))
      if (existsSync(join(place.dataFolder, 'logs', 'meta.properties'))) return
      const id = randomBytes(16).toString('base64url')
      await run([
        ...java(place, 128),
        'kafka.tools.StorageTool',
        'format',
        // As one word: an id may begin with a dash.
        `--cluster-id=${id}`,
        '--config',
        propertiesFile(place),
      ])
    },
    command: () => options.java,
    args: (place) => [...java(place, options.heapMb), 'kafka.Kafka', propertiesFile(place)],
    env: () => javaEnv(options.env),
    ready: /Kafka Server started/,
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
  }
}
