import { encodeChunk } from '@weir/audit'
import type { ConsentAt } from '@weir/consent-view'
import { BatchBuilder, type FinishedBatch } from '@weir/kafka'
import { padded } from '@weir/pseudonym'
import type { Environment } from './environment.ts'
import type { Rewritten } from './rewrite.ts'

const NONCE_BYTES = 12

/**
 * The audit record of a chunk that passed its fence, sealed; none when it moves past nothing. To be made after the
 * verdict: no row would come out otherwise under consent as it stood then, so that is what decided. Padded, since counts
 * take more bytes the higher they are: the length would tell how much was withheld.
 */
export function auditBatches(env: Environment, { decided, tally }: Rewritten, at: ConsentAt): FinishedBatch[] {
  const { ranges } = decided.located.chunk
  if (ranges.length === 0) return []
  const { topic, partitions, kind, source, contract } = env.audit
  let quarantined = 0
  for (const rows of tally.quarantined.values()) quarantined += rows
  const record = encodeChunk({
    stream: env.stream.name,
    kind,
    source,
    ranges,
    contract,
    outputs: tally.outputs.map(({ granted, stripped, withheld }, output) => {
      const plan = env.outputs[output] as Environment['outputs'][number]
      return { purpose: plan.rule.purpose, topic: plan.topic, granted, stripped, withheld }
    }),
    quarantined,
    tickTimeMs: at.tickTimeMs,
    consent: at.partitions,
  })
  const batch = new BatchBuilder(topic, env.random.below(partitions))
  batch.append(env.clock.nowMs(), null, env.sealer.seal(topic, padded(record), env.random.bytes(NONCE_BYTES)))
  return batch.finish()
}
