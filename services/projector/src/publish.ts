import { encodeForget, type ForgetOrder, refToBytes, tickKey } from '@weir/consent'
import { type Member, type TopicPosition, type Transaction, TransactionError } from '@weir/kafka'
import { subjectPseudonym } from '@weir/pseudonym'
import { finishedBatches, type OutputRecord } from './batches.ts'
import { decisionRecord } from './decision-record.ts'
import type { Environment } from './environment.ts'
import type { Plan } from './plan.ts'

const DAY_MS = 86_400_000

/** `aborted`: nothing of it is visible, the same rows may be folded again. */
export type Published = 'committed' | 'aborted'

/**
 * One transaction: states, ticks, forget orders, carried refusals and offsets, all or nothing. Own writes count from its
 * beginning, and are dropped if it aborts.
 *
 * Carried refusals go into the ledger, which is also what is read here: read_committed, so they come back once this has
 * committed, and committing waits for no reading. A carried decision carries nothing on, so each gives one record more
 * and no loop. While this is open it holds back the ledger partitions that it writes to, for ticks too: until the commit,
 * or, when this process dies in it, until its slot starts again or the broker ends it.
 *
 * @throws TransactionError whose outcome is not 'aborted', or another error: whether it committed is not known
 */
export async function publish(env: Environment, member: Member, plan: Plan): Promise<Published> {
  const offsets: TopicPosition[] = plan.shares.map(({ lane, next }) => ({
    topic: env.topics.decisions,
    partition: lane.partition,
    offset: next,
  }))
  const nowMs = env.nowMs()
  const batches = [
    ...finishedBatches([...stateRecords(env, plan), ...carriedRecords(env, plan)], nowMs),
    // No finer than a day: the time would tell which orders belong to which decision.
    ...finishedBatches(forgetRecords(env, plan), nowMs - (nowMs % DAY_MS)),
  ]
  for (const [lane, writes] of plan.writes) lane.overlay.begin(writes)
  try {
    const transaction = await env.producer.begin(member, offsets)
    await transaction.produce(batches)
    if (plan.shares.some(({ lane }) => lane.gone.aborted)) return await giveUp(transaction, plan)
    await transaction.commit()
  } catch (error) {
    if (!(error instanceof TransactionError) || error.outcome !== 'aborted') throw error
    for (const lane of plan.writes.keys()) lane.overlay.aborted()
    return 'aborted'
  }
  for (const share of plan.shares) {
    share.lane.overlay.committed()
    share.lane.done(share)
  }
  return 'committed'
}

/** A partition was lost meanwhile: it is somebody else's, so nothing of this may come. */
async function giveUp(transaction: Transaction, plan: Plan): Promise<Published> {
  await transaction.abort()
  for (const lane of plan.writes.keys()) lane.overlay.aborted()
  return 'aborted'
}

function stateRecords(env: Environment, plan: Plan): OutputRecord[] {
  return plan.states.map(({ partition, ref, value }) => ({
    topic: env.topics.state,
    partition,
    key: ref === null ? tickKey : refToBytes(ref),
    value,
  }))
}

/** Orders carry no ref, and go to a partition at random: nothing of them tells whose pseudonyms belong together. */
function forgetRecords(env: Environment, plan: Plan): OutputRecord[] {
  return plan.ended.map(({ ref, grant }) => {
    const key = env.purposeKeys.grantKey(grant.purpose, grant.epoch, grant.salt)
    const order: ForgetOrder = {
      purpose: grant.purpose,
      pseudonym: subjectPseudonym(key, refToBytes(ref)),
      reason: grant.reason,
    }
    const partition = env.randomBelow(env.topics.forgetPartitions)
    return { topic: env.topics.forget, partition, key: null, value: encodeForget(order) }
  })
}

/** A key that nobody has used: compaction must not remove one decision for another. */
function carriedRecords(env: Environment, plan: Plan): OutputRecord[] {
  return plan.carried.map((decision) => {
    const random16 = Buffer.alloc(16)
    for (let at = 0; at < 16; at += 4) random16.writeUInt32BE(env.randomBelow(2 ** 32), at)
    return decisionRecord(env.topics.decisions, decision, random16)
  })
}
