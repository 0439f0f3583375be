import { PlanError } from './errors.ts'
import { planDigest, type ReplayPlan } from './plan.ts'
import type { PlanStatus } from './topics-record.ts'

/** What holds now, where a plan is to be run. */
export interface PlanFacts {
  readonly nowMs: number
  readonly namespace: string
  /** Fingerprint of the contract folder, 64 hex digits. */
  readonly contract: string
  /** Of the plan's raw topic; null: there is none of that name. */
  readonly rawTopicId: string | null
  /** Earliest offset in the log, by the plan's ranges in their order. */
  readonly earliest: readonly number[]
  /** Committed next offset of the replay's group, by the plan's ranges in their order; -1: none. */
  readonly committed: readonly number[]
  /** Newest record of the plan in `weir.topics`; null: it was never begun. */
  readonly status: PlanStatus | null
}

/** Whether all of the plan's ranges are committed. */
export function allCommitted({ ranges }: ReplayPlan, committed: readonly number[]): boolean {
  return ranges.every(({ to }, i) => (committed[i] ?? -1) >= to)
}

/**
 * Refuses a plan that must not be run, or gone on with, under these facts. One that is completed is no fault: nothing of
 * it is left to do, which `status` tells. @throws PlanError
 */
export function checkPlan(plan: ReplayPlan, facts: PlanFacts): void {
  const { status } = facts
  const name = `Plan ${plan.planId}`
  if (status !== null && !status.digest.equals(planDigest(plan))) {
    refuse(
      'WEIR_PLAN_CHANGED',
      `${name} was begun with another content than this file has. Use the file it was begun with, or plan again.`,
    )
  }
  if (facts.namespace !== plan.namespace) {
    const [planned, now] = [plan.namespace, facts.namespace].map((one) => (one === '' ? 'none' : `"${one}"`))
    refuse(
      'WEIR_PLAN_ELSEWHERE',
      `${name} was made in namespace ${planned}, and WEIR_NAMESPACE says ${now}. Set it as it was, or plan again.`,
    )
  }
  if (status?.status === 'completed') return
  if (status?.status === 'cancelled') {
    refuse(
      'WEIR_PLAN_CANCELLED',
      `${name} was cancelled at ${time(status.atMs)}. Plan again if it is wanted after all.`,
    )
  }
  if (facts.contract !== plan.contract) {
    refuse(
      'WEIR_PLAN_CONTRACT',
      `The contract has changed since plan ${plan.planId} was made, so its counts do not hold and its outputs would be of two contracts. Plan again, or set WEIR_CONTRACTS to the one it was made with.`,
    )
  }
  if (facts.rawTopicId !== plan.rawTopicId) {
    const found =
      facts.rawTopicId === null ? 'is not on this cluster' : 'was made anew since, or this is another cluster'
    refuse(
      'WEIR_PLAN_ELSEWHERE',
      `${name} reads ${plan.rawTopic}, which ${found}. See that KAFKA_BROKERS is right, or plan again.`,
    )
  }
  if (allCommitted(plan, facts.committed)) return
  if (facts.nowMs >= plan.expiresAtMs) {
    refuse(
      'WEIR_PLAN_EXPIRED',
      `${name} expired at ${time(plan.expiresAtMs)}: how far it had come may be forgotten by now. Plan again.`,
    )
  }
  for (const [i, { partition, from, to }] of plan.ranges.entries()) {
    const begins = Math.max(from, facts.committed[i] ?? -1)
    const earliest = facts.earliest[i] ?? 0
    if (begins < to && earliest > begins) {
      refuse(
        'WEIR_PLAN_RANGE_GONE',
        `${name} would go on at offset ${begins} of partition ${partition} of ${plan.rawTopic}, but retention has taken all below ${earliest}. Plan again from there.`,
      )
    }
  }
}

function refuse(code: PlanError['code'], message: string): never {
  throw new PlanError(code, message)
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}
