import type { Contracts } from '@weir/contracts'

/** A schema and where it belongs in the registry. */
export interface SubjectSpec {
  /** TopicNameStrategy: `<topic>-value`, with the namespace. */
  readonly subject: string
  readonly schema: unknown
  readonly compatibility: 'FULL_TRANSITIVE'
}

/**
 * Raw and clean schemas of all streams. All are FULL_TRANSITIVE.
 *
 * Clean ones, so that a consumer and the contract may move in either order, and old records stay readable.
 *
 * Raw ones for a reason in each direction. Forward: producers add leaves before the contract knows them, and the
 * sanitizer must still read those events. Backward: a replay reads old events under today's contract. And a leaf
 * without default, such as the subject or the event's time, can then never be dropped: BACKWARD alone would let a
 * producer do that, and every event after it would be quarantined.
 */
export function subjectSpecs(contracts: Contracts, namespace: string): SubjectSpec[] {
  return contracts.streams.flatMap((stream) => [
    spec(namespace + stream.rawTopic, stream.rawSchema),
    ...stream.outputs.map((output) => spec(namespace + output.topic, output.cleanSchema)),
  ])
}

function spec(topic: string, schema: unknown): SubjectSpec {
  return { subject: `${topic}-value`, schema, compatibility: 'FULL_TRANSITIVE' }
}
