import { FoldOrderError } from '@weir/consent'
import type { Member } from '@weir/kafka'
import type { Environment } from './environment.ts'
import type { Lane } from './lane.ts'
import { type Plan, planTransaction } from './plan.ts'

/**
 * What one transaction is to do; null when a lane was lost meanwhile, and the others are to be planned anew.
 *
 * A state that is ahead of us is most often a successor's: after a freeze it is seen before the group says that it has our
 * partitions. Or our place is of long ago, told by a coordinator that had lost touch. Or it is of another ledger, which
 * only a person can mend: that is believed only once the group has taken our places in a transaction, which comes to
 * nothing. It takes none from a process that has lost its partitions, and a coordinator that has lost touch can't.
 *
 * @throws TransactionError when the group did not take our places: nothing was planned, recover
 * @throws FoldOrderError when it did, and a state is ahead of them
 */
export async function planUnlessOvertaken(
  env: Pick<Environment, 'producer' | 'salts' | 'topics' | 'view'>,
  member: Member,
  lanes: readonly Lane[],
): Promise<Plan | null> {
  try {
    return await planTransaction(lanes, env.view, env.salts)
  } catch (error) {
    if (!(error instanceof FoldOrderError)) throw error
    const topic = env.topics.decisions
    const places = lanes.map((lane) => ({ topic, partition: lane.partition, offset: lane.share(0).next }))
    const transaction = await env.producer.begin(member, places)
    await transaction.abort()
    if (lanes.some(({ gone }) => gone.aborted)) return null
    throw error
  }
}
