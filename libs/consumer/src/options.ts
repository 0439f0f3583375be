import type { KafkaOptions } from '@weir/kafka'
import { WrongOptions } from './errors.ts'

/** A clean record, as Weir wrote it. */
export interface ConsumedRecord {
  /** As it is called on the cluster; with `follow`, the one that was current. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Unix milliseconds: the time that the policy lets through. */
  readonly timestampMs: number
  /** Whose record it is: the pseudonym of this purpose, while this grant lasts. Null where the record belongs to nobody. */
  readonly pseudonym: string | null
  /** Under which the registry has the schema of `value`. */
  readonly schemaId: number
  /** Avro, without the registry's frame of five bytes. It shares memory with what was fetched: copy what you keep. */
  readonly value: Buffer
}

/** Consumers moved from one topic to another: an operator ran `weir replay switch`. */
export interface Switch {
  /** As they are called on the cluster. */
  readonly from: string
  readonly to: string
}

export interface ConsumerOptions {
  /** `host:port` of some brokers, or a list of them separated by commas. */
  readonly brokers: string | readonly string[]
  /** How to talk to them: TLS, login, name, limit of one request, and who hears that a broker is away or back. */
  readonly kafka?: Partial<Pick<KafkaOptions, 'clientId' | 'ssl' | 'sasl' | 'requestTimeoutMs' | 'onEvent'>>
  /** Consumers with the same id share the topic's partitions. */
  readonly groupId: string
  /** The clean topic, as the policy's `to` has it (or a replay's topic). */
  readonly topic: string
  /** Prefix of topics, as services have it in WEIR_NAMESPACE. Default: none. */
  readonly namespace?: string
  /**
   * Follow the topic that is the current one of this stream and purpose, as `weir replay switch` says: `topic` is read
   * until it has said so. Default: `topic`, whatever is said.
   */
  readonly follow?: { readonly stream: string; readonly purpose: string }
  /** Records at once, at most: 1 to 10,000. Default 500. */
  readonly maxBatchRecords?: number
  /** How long a consumer may take to finish a batch when its partitions are to go to another: default 60,000. */
  readonly rebalanceTimeoutMs?: number
  /** How long createConsumer() waits for Kafka. Default 30,000. */
  readonly connectWithinMs?: number
  /**
   * Records in the order of each partition, none of them of somebody who is forgotten; committed once this has resolved.
   * Called again with the same records after an end in between: at least once.
   */
  onRecords(records: readonly ConsumedRecord[]): Promise<void>
  /**
   * Delete what you keep under these pseudonyms, for good. Never called while `onRecords` runs. Acknowledged for the
   * group once this has resolved; called with each at least once, in every consumer that runs, and again when a record of
   * a forgotten one had to be left out, since a consumer that crashed may have stored it. At most 1,000 at once.
   */
  onForget(pseudonyms: readonly string[]): Promise<void>
  /**
   * Only with `follow`, and only where the switch is made while this consumer runs: everything handed out of `from` is
   * committed; `to` comes next, from where the group is in it, which for a group that is new to it is its start.
   */
  onSwitch?(moved: Switch): Promise<void>
}

export interface Limits {
  readonly maxBatchRecords: number
  readonly rebalanceTimeoutMs: number
  readonly connectWithinMs: number
}

/** @throws WrongOptions naming the first option that can't be */
export function limitsOf(options: ConsumerOptions): Limits {
  if (options.groupId === '') throw new WrongOptions('groupId is empty. Give consumers that share the work one name.')
  if (options.topic === '')
    throw new WrongOptions("topic is empty. Give the clean topic: `to` in the purpose's policy.")
  return {
    maxBatchRecords: within('maxBatchRecords', options.maxBatchRecords ?? 500, 1, 10_000),
    rebalanceTimeoutMs: within('rebalanceTimeoutMs', options.rebalanceTimeoutMs ?? 60_000, 1_000, 3_600_000),
    connectWithinMs: within('connectWithinMs', options.connectWithinMs ?? 30_000, 1, 3_600_000),
  }
}

/** @throws WrongOptions */
export function brokersOf({ brokers }: ConsumerOptions): string[] {
  const list = (typeof brokers === 'string' ? brokers.split(',') : brokers).map((one) => one.trim())
  const named = list.filter((one) => one !== '')
  if (named.length === 0) throw new WrongOptions('brokers is empty. Give host:port of at least one broker.')
  return named
}

/** Orders of a replay's topic are those of the live one: it has the same pseudonyms. */
export function forgetTopicOf(topic: string): string {
  return `${topic.replace(/\.replay-[0-9a-f]{8}$/, '')}.forget`
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new WrongOptions(`${name} must be a whole number from ${least} to ${most}.`)
}
