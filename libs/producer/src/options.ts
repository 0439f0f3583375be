import type { Stream } from '@weir/contracts'
import type { KafkaOptions } from '@weir/kafka'
import { type ProducerError, WrongOptions } from './errors.ts'

/** Which stream the events belong to. */
export type StreamSource =
  /** Of a loaded contract: `loadContracts(folder).streams[0]`. */
  | Stream
  /** A contract folder, and the stream's name in it. */
  | { readonly contracts: string; readonly name: string }
  /** Without the folder: the raw topic as the contract names it, and its raw Avro schema as parsed JSON, tags included; without that the newest registered one. */
  | { readonly rawTopic: string; readonly rawSchema?: unknown }

export interface ProducerOptions {
  /** `host:port` of some brokers, or a list of them separated by commas. */
  readonly brokers: string | readonly string[]
  /** How to talk to them: TLS, login, name, limit of one request, and who hears that a broker is away or back. */
  readonly kafka?: Partial<Pick<KafkaOptions, 'clientId' | 'ssl' | 'sasl' | 'requestTimeoutMs' | 'onEvent'>>
  /** Where the registry's Confluent API begins. A user and password in it are sent as a Basic login. */
  readonly registryUrl: string
  /** Further headers of each request to the registry, such as `authorization`. */
  readonly registryHeaders?: Readonly<Record<string, string>>
  readonly stream: StreamSource
  /** Prefix of topics and registry subjects, as services have it in WEIR_NAMESPACE. Default: none. */
  readonly namespace?: string
  /** How long an event waits for others to go with it. Default 5; 0 sends at once. */
  readonly lingerMs?: number
  /** Size at which a partition's batch goes without waiting: 1,024 to 900,000. Default 262,144. */
  readonly maxBatchBytes?: number
  /** What may be taken and not yet acknowledged: at least 1,000,000. Default 33,554,432 (32 MiB). */
  readonly maxQueuedBytes?: number
  /** How long one event is tried, waiting for room included. Default 120,000. */
  readonly deliverWithinMs?: number
  /** How long createProducer() waits for Kafka and the registry. Default 30,000. */
  readonly connectWithinMs?: number
  /**
   * Hears of each event that was not delivered, and why: the same error with which its track() rejects. With it,
   * track()'s promise may be left alone; without it, a rejection that nobody handles ends the process, as Node has it.
   */
  readonly onError?: (error: ProducerError) => void
}

/** What is between 900,000 and Kafka's default limit of a batch (1 MiB) is left for its frame. */
export const MAX_RECORD_BYTES = 900_000

export interface Limits {
  readonly lingerMs: number
  readonly maxBatchBytes: number
  readonly maxQueuedBytes: number
  readonly deliverWithinMs: number
  readonly connectWithinMs: number
}

/** @throws WrongOptions naming the first option that can't be */
export function limitsOf(options: ProducerOptions): Limits {
  return {
    lingerMs: within('lingerMs', options.lingerMs ?? 5, 0, 60_000),
    maxBatchBytes: within('maxBatchBytes', options.maxBatchBytes ?? 262_144, 1_024, MAX_RECORD_BYTES),
    maxQueuedBytes: within('maxQueuedBytes', options.maxQueuedBytes ?? 33_554_432, 1_000_000, 2 ** 32),
    deliverWithinMs: within('deliverWithinMs', options.deliverWithinMs ?? 120_000, 1, 3_600_000),
    connectWithinMs: within('connectWithinMs', options.connectWithinMs ?? 30_000, 1, 3_600_000),
  }
}

/** @throws WrongOptions */
export function brokersOf({ brokers }: ProducerOptions): string[] {
  const list = (typeof brokers === 'string' ? brokers.split(',') : brokers).map((one) => one.trim())
  const named = list.filter((one) => one !== '')
  if (named.length === 0) throw new WrongOptions('brokers is empty. Give host:port of at least one broker.')
  return named
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new WrongOptions(`${name} must be a whole number from ${least} to ${most}.`)
}
