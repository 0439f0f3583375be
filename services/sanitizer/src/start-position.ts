import type { Kafka } from '@weir/kafka'

/** The group's place in a raw partition is gone, or was never set on a topic that already lost records. */
class NoPlaceToStart extends Error {
  readonly code = 'WEIR_SANITIZER_NO_PLACE_TO_START'
}

/**
 * Where to read on: the group's committed offsets (require_stable). A group that never committed begins with the first
 * record, if the log still has it. Nothing is ever reset: what would be skipped or read twice is for people to decide.
 *
 * @throws NoPlaceToStart when people have to decide; KafkaError when time may mend it, at once when `signal` aborts
 */
export async function startPositions(
  kafka: Pick<Kafka, 'committedOffsets' | 'endOffsets'>,
  groupId: string,
  topic: string,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const asked = partitions.map((partition) => ({ topic, partition }))
  const committed = await kafka.committedOffsets(groupId, asked, signal)
  const earliest = await kafka.endOffsets(asked, 'earliest')
  const positions = new Map<number, number>()
  for (const [at, partition] of partitions.entries()) {
    const place = committed[at] as number
    const first = earliest[at] as number
    if (place < 0 && first > 0)
      throw noPlace(groupId, topic, partition, `nothing committed, and records before ${first} are gone`)
    if (place >= 0 && place < first) {
      throw noPlace(groupId, topic, partition, `committed ${place}, but records before ${first} are gone`)
    }
    positions.set(partition, Math.max(place, first))
  }
  return positions
}

function noPlace(groupId: string, topic: string, partition: number, what: string): NoPlaceToStart {
  return new NoPlaceToStart(
    `${topic} partition ${partition}, group ${groupId}: ${what}. Weir never resets an offset by itself. Decide where to go on, ` +
      'stop all sanitizers of this stream, and set the offset with kafka-consumer-groups.sh --reset-offsets --execute.',
  )
}
