import type { Output, Purpose, Stream } from '@weir/contracts'
import type { OutputPlan } from './environment.ts'
import { purposeRule } from './purpose-rule.ts'
import { timeShown } from './visible-time.ts'

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

export function planOutput(
  stream: Stream,
  purposes: readonly Purpose[],
  output: Output,
  facts: OutputFacts,
): OutputPlan {
  return {
    topic: facts.topic,
    partitions: facts.partitions,
    schemaId: facts.schemaId,
    maxValueBytes: Math.min(facts.maxMessageBytes, MAX_BATCH_BYTES) - RECORD_OVERHEAD_BYTES,
    output,
    rule: purposeRule(output, purposes),
    grantedTime: output.policies.map((policy) => timeShown(stream, policy.granted)),
    otherwiseTime: output.otherwise === null ? 'hidden' : timeShown(stream, output.otherwise),
  }
}
