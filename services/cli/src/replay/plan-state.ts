import {
  allCommitted,
  offsetsDone,
  offsetsOf,
  type PlanStatus,
  type ReplayPlan,
  readTopics,
  replayGroup,
} from '@weir/replay'
import { refusal } from '../errors.ts'
import type { Cluster } from './cluster.ts'

/** How far a plan is, by the cluster. */
export interface PlanState {
  /** Newest record of the plan in `weir.topics`; null: it was never begun. */
  readonly status: PlanStatus | null
  /** Committed next offset of each range, in their order; -1: none. */
  readonly committed: readonly number[]
  readonly done: number
  readonly total: number
  /** All of it is committed, whether or not that was written down. */
  readonly complete: boolean
}

/** @throws CliError (refused) when it is of another namespace: what is known and written here would not be about it */
export async function planState({ kafka, namespace }: Cluster, plan: ReplayPlan): Promise<PlanState> {
  if (plan.namespace !== namespace) {
    throw refusal(
      `Plan ${plan.planId} is of namespace "${plan.namespace}", and WEIR_NAMESPACE is "${namespace}". Set it to that.`,
    )
  }
  const status = (await readTopics(kafka, namespace)).plans.get(plan.planId) ?? null
  const at = plan.ranges.map(({ partition }) => ({ topic: plan.rawTopic, partition }))
  const isThere = (await kafka.topics([plan.rawTopic])).length > 0
  const committed = isThere ? await kafka.committedOffsets(replayGroup(plan), at) : at.map(() => -1)
  const total = offsetsOf(plan)
  // A group's offsets are forgotten some day; that it was completed is not.
  const complete = status?.status === 'completed' || allCommitted(plan, committed)
  return { status, committed, done: complete ? total : offsetsDone(plan, committed), total, complete }
}
