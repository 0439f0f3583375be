import type { Kafka } from '@weir/kafka'
import { PlanError, type ReplayPlan, replayGroup, replayTopic } from '@weir/replay'
import { ChunkReader } from './chunk-reader.ts'
import type { Source, SourceGround } from './open-sanitizer.ts'
import { PacedReader } from './paced-reader.ts'

/**
 * Raw within the ranges of a plan, for the plan's own group: the live group's place is neither read nor moved.
 * @throws PlanError when the contract that was loaded is not the plan's (the folder may have changed since it was checked),
 * or its topics are not the plan's
 */
export function replaySource(plan: ReplayPlan, slot: string, ground: SourceGround): Source {
  const { kafka, contract, signal } = ground
  if (contract.toString('hex') !== plan.contract) {
    throw new PlanError(
      'WEIR_PLAN_CONTRACT',
      `The contract changed while the replay of plan ${plan.planId} was starting. Plan again, or put back what it was.`,
    )
  }
  checkTopics(plan, ground)
  const groupId = replayGroup(plan)
  const ends = new Map(plan.ranges.map(({ partition, to }) => [partition, to]))
  return {
    topic: plan.rawTopic,
    groupId,
    transactionalId: `${groupId}.${slot}`,
    kind: 'replay',
    startsAt: (partitions) => replayPositions(kafka, plan, partitions, signal),
    reader({ fetcher, clock }) {
      if (plan.rate === null) return new ChunkReader(plan.rawTopic, fetcher, clock.monotonicMs, { ends })
      // Not more at once than a second's worth.
      const chunkRecords = Math.ceil(plan.rate)
      const reader = new ChunkReader(plan.rawTopic, fetcher, clock.monotonicMs, { ends, chunkRecords })
      return new PacedReader(reader, plan.rate, clock, signal)
    },
  }
}

/** A plan is a file that anybody may write: what is decided for one purpose must never reach the topic of another. */
function checkTopics({ planId, into, rawTopic, outputs }: ReplayPlan, ground: SourceGround): void {
  const foreign = outputs.find(({ purpose, topic }) => {
    const output = ground.stream.outputs.find((one) => one.purpose.name === purpose)
    if (output === undefined) return true
    const live = ground.name(output.topic)
    return topic !== (into === 'live' ? live : replayTopic(live, planId))
  })
  if (foreign === undefined && rawTopic === ground.rawTopic) return
  const what = foreign === undefined ? `reads ${rawTopic}` : `writes ${foreign.purpose} to ${foreign.topic}`
  throw new PlanError('WEIR_PLAN_CONTRACT', `Plan ${planId} ${what}, which is not what the contract says. Plan again.`)
}

/**
 * Where the replay goes on, by partition: what its group has committed, else where the range begins. 0 for partitions
 * that are not in the plan. @throws KafkaError when time may mend it, at once when `signal` aborts
 */
export async function replayPositions(
  kafka: Pick<Kafka, 'committedOffsets'>,
  plan: ReplayPlan,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const from = new Map(plan.ranges.map((range) => [range.partition, range.from]))
  const asked = partitions.map((partition) => ({ topic: plan.rawTopic, partition }))
  const committed = await kafka.committedOffsets(replayGroup(plan), asked, signal)
  return new Map(
    partitions.map((partition, i) => {
      const place = committed[i] as number
      return [partition, place < 0 ? (from.get(partition) ?? 0) : place]
    }),
  )
}

/** Committed next offset of each range of the plan, in their order; -1: none. Rejects as `replayPositions`. */
export function committedOf(
  kafka: Pick<Kafka, 'committedOffsets'>,
  plan: ReplayPlan,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const asked = plan.ranges.map(({ partition }) => ({ topic: plan.rawTopic, partition }))
  return kafka.committedOffsets(replayGroup(plan), asked, signal)
}
