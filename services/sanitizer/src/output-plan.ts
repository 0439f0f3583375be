import type { PurposeRule } from '@weir/consent'
import type { Branch, Output, Stream } from '@weir/contracts'
import type { OutputPlan } from './environment.ts'

/** What the broker gave the topic, and the registry its schema. */
export interface OutputFacts {
  readonly topic: string
  readonly partitions: number
  readonly schemaId: number
  readonly maxMessageBytes: number
}

/** Batches stay below this, so that several fit a request whatever the topic's own limit. */
export const MAX_BATCH_BYTES = 900_000

/** Room that a record's key, timestamp and batch header take beside its value. */
const RECORD_OVERHEAD_BYTES = 512

const TIME_UNIT_MS = { keep: 1, hour: 3_600_000, day: 86_400_000 } as const

export function planOutput(stream: Stream, output: Output, facts: OutputFacts): OutputPlan {
  return {
    topic: facts.topic,
    partitions: facts.partitions,
    schemaId: facts.schemaId,
    maxValueBytes: Math.min(facts.maxMessageBytes, MAX_BATCH_BYTES) - RECORD_OVERHEAD_BYTES,
    output,
    rule: purposeRule(output),
    grantedTimeUnitMs: output.policies.map((policy) => visibleUnitMs(stream, policy.granted)),
    otherwiseTimeUnitMs: output.otherwise === null ? null : visibleUnitMs(stream, output.otherwise),
  }
}

/** The contract as the numbers that the decision rule knows. */
function purposeRule({ purpose, policies, otherwise }: Output): PurposeRule {
  return {
    purpose: purpose.name,
    notices: Int32Array.from(policies, (policy) => policy.notice),
    hasOtherwise: otherwise !== null,
    basis: purpose.basis,
    gpcDenies: purpose.gpc === 'denies',
  }
}

/** How finely a branch shows the event time, in ms; null when it does not show it. */
function visibleUnitMs(stream: Stream, branch: Branch): number | null {
  const path = stream.eventTime.join('.')
  const leaf = branch.leaves.find((one) => one.path.join('.') === path)
  if (leaf === undefined) return null
  const { kind } = leaf.verb
  if (kind === 'keep' || kind === 'hour' || kind === 'day') return TIME_UNIT_MS[kind]
  throw new Error(`no record timestamp follows from the verb ${kind} on the event time`)
}
