import type { Contracts, Stream } from '@weir/contracts'
import { PlanError, type ReplayPlan } from '@weir/replay'

/**
 * The contract of a replay's stream as if its outputs were written to the topics of the plan, so that these get settings
 * and schemas like the live ones. Outputs that are not replayed are left out.
 *
 * @throws PlanError when the contract has not the stream, or one of the purposes
 */
export function contractsOfReplay(contracts: Contracts, plan: ReplayPlan): Contracts {
  const stream = contracts.streams.find(({ name }) => name === plan.stream)
  if (stream === undefined) throw unknown(plan, `stream ${plan.stream}`)
  const outputs = plan.outputs.map(({ purpose, topic }) => ({
    ...outputOf(stream, purpose, plan),
    topic: topic.slice(plan.namespace.length),
  }))
  return { ...contracts, streams: [{ ...stream, outputs }] }
}

function outputOf(stream: Stream, purpose: string, plan: ReplayPlan): Stream['outputs'][number] {
  const output = stream.outputs.find((one) => one.purpose.name === purpose)
  if (output === undefined) throw unknown(plan, `purpose ${purpose} in ${stream.name}`)
  return output
}

function unknown({ planId }: ReplayPlan, what: string): PlanError {
  return new PlanError('WEIR_PLAN_CONTRACT', `The contract has no ${what}, which plan ${planId} replays. Plan again.`)
}
