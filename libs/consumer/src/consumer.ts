import { setTimeout as pause } from 'node:timers/promises'
import { Closed, canRetry, type Kafka } from '@weir/kafka'
import { aliasKey, readTopics } from '@weir/replay'
import { CallbackFailed, NoSuchTopic } from './errors.ts'
import type { ForgetOrders } from './forget-orders.ts'
import type { ConsumerOptions, Limits, Switch } from './options.ts'
import { TopicSession } from './topic-session.ts'

/** How often the topic that is current is asked for. */
const LOOK_EVERY_MS = 2_000

export interface Consumer {
  /** How many pseudonyms are forgotten, as far as orders are read. */
  readonly forgotten: number
  /**
   * Resolves after `close`; rejects with what ended the consumer by itself: an error of this library, of the functions
   * given, or of Kafka that time does not mend. If nobody handles that, Node ends the process.
   */
  readonly done: Promise<void>
  /** Finishes and commits the batch under way, leaves the group, and lets go of everything. */
  close(): Promise<void>
}

export interface ConsumerParts {
  readonly kafka: Pick<Kafka, 'topics' | 'join' | 'fetcher' | 'committedOffsets' | 'endOffsets' | 'close'>
  readonly orders: ForgetOrders
  readonly limits: Limits
  /** As it is called on the cluster. */
  readonly topic: string
  readonly options: Pick<ConsumerOptions, 'groupId' | 'namespace' | 'follow' | 'onRecords' | 'onSwitch'>
}

export class CleanConsumer implements Consumer {
  readonly done: Promise<void>
  readonly #orders: ForgetOrders
  readonly #closing: AbortController
  readonly #running: Promise<void>

  /**
   * Resolves when the group has taken us in.
   * @throws Closed when `signal` aborts before, and whatever joining rejects with
   */
  static async start(parts: ConsumerParts, signal: AbortSignal): Promise<CleanConsumer> {
    const closing = new AbortController()
    const giveUp = () => closing.abort()
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    const joined = Promise.withResolvers<void>()
    const running = consume(parts, closing.signal, joined.resolve)
    try {
      await Promise.race([joined.promise, running])
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
    if (!closing.signal.aborted) return new CleanConsumer(parts.orders, closing, running)
    await running
    throw new Closed('The consumer')
  }

  private constructor(orders: ForgetOrders, closing: AbortController, running: Promise<void>) {
    this.#orders = orders
    this.#closing = closing
    this.#running = running
    // A promise that nobody has handled yet: whoever leaves it alone hears of it from Node.
    this.done = running.then(() => undefined)
  }

  get forgotten(): number {
    return this.#orders.size
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running.catch(() => undefined)
  }
}

/** Sessions on one topic after the other: the next one when another topic has become the current one. */
async function consume(parts: ConsumerParts, closing: AbortSignal, onJoined: () => void): Promise<void> {
  const { kafka, orders, options } = parts
  try {
    let topic = await currentTopic(parts, closing)
    for (;;) {
      const next = await consumeTopic(parts, topic, closing, onJoined)
      if (next === null) return
      await tell(options, { from: topic, to: next })
      topic = next
    }
  } finally {
    await orders.close()
    await kafka.close()
  }
}

async function tell({ onSwitch }: Pick<ConsumerOptions, 'onSwitch'>, moved: Switch): Promise<void> {
  try {
    await onSwitch?.(moved)
  } catch (error) {
    throw new CallbackFailed('onSwitch', error)
  }
}

/** Until closed (null), or until another topic is the current one. */
async function consumeTopic(
  parts: ConsumerParts,
  topic: string,
  closing: AbortSignal,
  onJoined: () => void,
): Promise<string | null> {
  const { kafka, orders, limits, options } = parts
  const { groupId, onRecords } = options
  const session = new TopicSession({ ...limits, kafka, orders, topic, groupId, onRecords })
  const stop = () => session.stop()
  closing.addEventListener('abort', stop, { once: true })
  if (closing.aborted) stop()
  const ended = new AbortController()
  const switched = options.follow === undefined ? null : anotherTopic(parts, topic, ended.signal)
  switched?.then(stop, (error: unknown) => session.fail(error))
  try {
    await session.run(onJoined)
  } finally {
    ended.abort()
    closing.removeEventListener('abort', stop)
  }
  return closing.aborted ? null : await switched
}

/** The topic that is current in place of `topic`, once it is; null when ended before. */
async function anotherTopic(parts: ConsumerParts, topic: string, ended: AbortSignal): Promise<string | null> {
  for (;;) {
    await pause(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => undefined)
    if (ended.aborted) return null
    const current = await currentTopic(parts, ended).catch((error: unknown) => {
      if (canRetry(error) || ended.aborted) return topic
      throw error
    })
    if (current !== topic) return current
  }
}

/** @throws NoSuchTopic: the group would take us in, and never give us anything */
async function currentTopic({ kafka, topic, options }: ConsumerParts, signal: AbortSignal): Promise<string> {
  if (options.follow === undefined) return topic
  const { aliases } = await readTopics(kafka, options.namespace ?? '', signal)
  const current = aliases.get(aliasKey(options.follow))?.topic ?? topic
  if ((await kafka.topics([current])).length === 0) throw new NoSuchTopic(current)
  return current
}
