/**
 * Everything this library throws on purpose. `code` is stable. No message, and no property but `cause`'s own, holds a
 * value of an event, a key or a subject id.
 */
export class ProducerError extends Error {
  override readonly name: string = 'ProducerError'
  readonly code: string = 'WEIR_PRODUCER'
}

/** One thing that is wrong with an event. Values are never told: they are personal. */
export interface Problem {
  /**
   * Where: `page.path`, `products[2].sku` (counted from 0), `action<View>.dwell`; a map's entry by its place,
   * `experiments{#0}`, since keys of maps are data too. Empty for the event itself.
   */
  readonly path: string
  /** What would be right, in words. */
  readonly expected: string
  /** What kind of thing is there: `missing`, `null`, `a number`, `an unknown field`. */
  readonly found: string
}

const MOST_TOLD = 5

/** The event does not fit the contract. Nothing was sent. */
export class InvalidEvent extends ProducerError {
  override readonly name = 'InvalidEvent'
  override readonly code = 'WEIR_PRODUCER_INVALID_EVENT'
  /** Of the first problem. */
  readonly path: string
  readonly expected: string
  /** All problems, at most 20. */
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(`The event does not fit its contract: ${told(problems)}. Nothing was sent.`)
    this.path = problems[0]?.path ?? ''
    this.expected = problems[0]?.expected ?? ''
    this.problems = problems
  }
}

function told(problems: readonly Problem[]): string {
  const more = problems.length > MOST_TOLD ? `; and ${problems.length - MOST_TOLD} more` : ''
  return problems.slice(0, MOST_TOLD).map(sentence).join('; ') + more
}

function sentence({ path, expected, found }: Problem): string {
  return `${path === '' ? 'the event' : path} is ${found}, expected ${expected}`
}

/** One event is larger than a record may be. Nothing was sent. */
export class EventTooLarge extends ProducerError {
  override readonly name = 'EventTooLarge'
  override readonly code = 'WEIR_PRODUCER_EVENT_TOO_LARGE'
  readonly bytes: number
  readonly limitBytes: number

  constructor(bytes: number, limitBytes: number) {
    super(
      `The event takes ${bytes} bytes, more than the ${limitBytes} allowed. Nothing was sent; send less in one event.`,
    )
    this.bytes = bytes
    this.limitBytes = limitBytes
  }
}

/** More events are waiting than may. This one was not taken, so it was certainly not written. */
export class QueueFull extends ProducerError {
  override readonly name = 'QueueFull'
  override readonly code = 'WEIR_PRODUCER_QUEUE_FULL'

  constructor(why: string) {
    super(`The event was not taken: ${why}. Await track() to go as fast as the broker can, or raise maxQueuedBytes.`)
  }
}

/** The event was taken and its writing not confirmed. */
export class NotDelivered extends ProducerError {
  override readonly name = 'NotDelivered'
  override readonly code = 'WEIR_PRODUCER_NOT_DELIVERED'
  /** False: it is certain that it was not written. True: not known; sending it again may write it twice. */
  readonly maybeWritten: boolean

  constructor(why: string, maybeWritten: boolean, options?: ErrorOptions) {
    const then = maybeWritten ? 'It may have been written all the same' : 'It was not written'
    super(`The event was not delivered: ${why}. ${then}.`, options)
    this.maybeWritten = maybeWritten
  }
}

/** track() was called after close(). Nothing was sent. */
export class ProducerClosed extends ProducerError {
  override readonly name = 'ProducerClosed'
  override readonly code = 'WEIR_PRODUCER_CLOSED'

  constructor() {
    super('The producer is closed. Nothing was sent.')
  }
}

/** An option is missing or can't be. */
export class WrongOptions extends ProducerError {
  override readonly name = 'WrongOptions'
  override readonly code = 'WEIR_PRODUCER_OPTIONS'
}

/** The stream's raw schema can't be published by. */
export class UnusableSchema extends ProducerError {
  override readonly name = 'UnusableSchema'
  override readonly code = 'WEIR_PRODUCER_SCHEMA_UNUSABLE'

  constructor(why: string) {
    super(`The raw schema can't be used: ${why}. Correct event.avsc in the contract folder.`)
  }
}

/** The registry does not have the contract's schema. This library looks up and never registers. */
export class SchemaNotRegistered extends ProducerError {
  override readonly name = 'SchemaNotRegistered'
  override readonly code = 'WEIR_PRODUCER_SCHEMA_NOT_REGISTERED'

  constructor(subject: string) {
    super(
      `The registry has no such schema for ${subject}. Run \`weir contract apply\`, or see that namespace, contract and ` +
        "registryUrl (the registry's Confluent API) are the right ones.",
    )
  }
}

/** The registry gives no answer, or none that makes sense. */
export class RegistryAway extends ProducerError {
  override readonly name = 'RegistryAway'
  override readonly code = 'WEIR_PRODUCER_REGISTRY_AWAY'

  constructor(why: string, options?: ErrorOptions) {
    super(`The schema registry can't be asked: ${why}. See that registryUrl is right and the registry is up.`, options)
  }
}

/** No broker answers, within the time given for connecting. */
export class BrokerAway extends ProducerError {
  override readonly name = 'BrokerAway'
  override readonly code = 'WEIR_PRODUCER_BROKER_AWAY'

  constructor(why: string, options?: ErrorOptions) {
    super(`Kafka can't be reached: ${why}. See that brokers is right and Kafka is up.`, options)
  }
}

/** The raw topic does not exist. This library never creates one. */
export class NoSuchTopic extends ProducerError {
  override readonly name = 'NoSuchTopic'
  override readonly code = 'WEIR_PRODUCER_NO_SUCH_TOPIC'

  constructor(topic: string) {
    super(`The topic ${topic} does not exist. Run \`weir contract apply\`, or see that the namespace is the right one.`)
  }
}
