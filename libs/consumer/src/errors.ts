/**
 * Everything this library throws on purpose, beside the KafkaErrors of the client below it. `code` is stable. No message
 * holds a pseudonym, a key or a value.
 */
export class ConsumerError extends Error {
  override readonly name: string = 'ConsumerError'
  readonly code: string = 'WEIR_CONSUMER'
}

/** An option is missing or can't be. */
export class WrongOptions extends ConsumerError {
  override readonly name = 'WrongOptions'
  override readonly code = 'WEIR_CONSUMER_OPTIONS'
}

/** No broker answers, within the time given for connecting. */
export class BrokerAway extends ConsumerError {
  override readonly name = 'BrokerAway'
  override readonly code = 'WEIR_CONSUMER_BROKER_AWAY'

  constructor(why: string, options?: ErrorOptions) {
    super(`Kafka can't be reached: ${why}. See that brokers is right and Kafka is up.`, options)
  }
}

/** The clean topic (given or followed), or its topic of forget orders, does not exist. This library never creates one. */
export class NoSuchTopic extends ConsumerError {
  override readonly name = 'NoSuchTopic'
  override readonly code = 'WEIR_CONSUMER_NO_SUCH_TOPIC'

  constructor(topic: string) {
    super(
      `The topic ${topic} does not exist. Run \`weir contract apply\`, or see that the namespace is the right one; if a ` +
        "replay's topic was current and is deleted, run `weir replay switch --back`.",
    )
  }
}

/** Records after the group's place are gone. Nothing is ever skipped by itself. */
export class PlaceGone extends ConsumerError {
  override readonly name = 'PlaceGone'
  override readonly code = 'WEIR_CONSUMER_PLACE_GONE'

  constructor(groupId: string, topic: string, partition: number, place: number, first: number) {
    super(
      `Group ${groupId} stands at ${place} of ${topic} partition ${partition}, but its records before ${first} are gone: ` +
        'the group was away for longer than the topic keeps records. Decide where to go on, stop all consumers of the group, and set ' +
        'the offset with kafka-consumer-groups.sh --reset-offsets --execute.',
    )
  }
}

/** A record of the clean topic is none that Weir writes: its value has no schema id. */
export class UnreadableRecord extends ConsumerError {
  override readonly name = 'UnreadableRecord'
  override readonly code = 'WEIR_CONSUMER_UNREADABLE_RECORD'

  constructor(topic: string, partition: number, offset: number) {
    super(
      `The record at ${offset} of ${topic} partition ${partition} is no clean record of Weir: its value has no schema id. ` +
        'Find out who else writes to this topic. To go on after it, set the offset of the group by hand.',
    )
  }
}

/** An order whose key is no pseudonym. To go on would be to hand out records of somebody who is to be forgotten. */
export class UnreadableOrder extends ConsumerError {
  override readonly name = 'UnreadableOrder'
  override readonly code = 'WEIR_CONSUMER_UNREADABLE_ORDER'

  constructor(topic: string, partition: number, offset: number) {
    super(
      `The forget order at ${offset} of ${topic} partition ${partition} is none that this version understands. Take a newer ` +
        '@weir/consumer; if there is none, find out who else writes to this topic. Nothing is handed out until it can be read.',
    )
  }
}

/** One of the user's functions threw. What it was given is not acknowledged, and will be given again. */
export class CallbackFailed extends ConsumerError {
  override readonly name = 'CallbackFailed'
  override readonly code = 'WEIR_CONSUMER_CALLBACK'

  constructor(callback: 'onRecords' | 'onForget' | 'onSwitch', cause: unknown) {
    super(
      `${callback} failed, so the consumer has ended. What it was given is not acknowledged: the next consumer of the group ` +
        'gives it again. `cause` has its error.',
      { cause },
    )
  }
}

/** A value can't be decoded. */
export class DecodingFailed extends ConsumerError {
  override readonly name = 'DecodingFailed'
  override readonly code = 'WEIR_CONSUMER_DECODING'
}
