import type { Fence } from '@weir/consent-view'
import { KafkaError, NotAMember, type Transaction, TransactionError } from '@weir/kafka'
import { auditBatches } from './audit.ts'
import { decideRow, sensitiveOfRow } from './decide.ts'
import type { Environment } from './environment.ts'
import type { Outcome } from './outcome.ts'
import type { Rewritten } from './rewrite.ts'

/**
 * Outputs, offsets and the audit record in one transaction. The fence runs after the broker's first acknowledgement, when
 * its transaction timeout already runs: whatever was decided before a withdrawal became effective commits within that
 * time, or never.
 */
export async function publish(env: Environment, rewritten: Rewritten): Promise<Outcome> {
  try {
    const transaction = await env.transactions.begin(env.member, rewritten.decided.located.chunk.positions)
    return await fencedCommit(env, rewritten, transaction)
  } catch (error) {
    return failure(error)
  }
}

async function fencedCommit(env: Environment, rewritten: Rewritten, transaction: Transaction): Promise<Outcome> {
  const produced = transaction.produce(rewritten.batches)
  // Both must have settled before the transaction ends: an abort sent beside a produce could be overtaken by it.
  const [sent, fence] = await Promise.allSettled([produced, fenceOf(env, rewritten)])
  if (sent.status === 'rejected') throw sent.reason
  if (fence.status === 'rejected') {
    await transaction.abort()
    throw fence.reason
  }
  const stop = verdict(env, rewritten, fence.value)
  if (stop !== null) {
    await transaction.abort()
    return stop
  }
  if (fence.value.kind === 'held') throw new Error('a fence that is held stops the chunk')
  await transaction.produce(auditBatches(env, rewritten, fence.value.at))
  await transaction.commit()
  return { kind: 'committed', tally: rewritten.tally }
}

/** A chunk that looked nobody up has nothing that consent could change. */
async function fenceOf(env: Environment, { decided }: Rewritten): Promise<Fence> {
  if (decided.looked.count === 0) return { kind: 'clear', at: { tickTimeMs: env.consent.tickTimeMs, partitions: [] } }
  return env.consent.fence(decided.looked)
}

function verdict(env: Environment, rewritten: Rewritten, fence: Fence): Outcome | null {
  if (fence.kind === 'held') return fence
  if (fence.kind === 'clear') return null
  return anyByteDiffers(env, rewritten, fence.looked, new Set(fence.subjects))
    ? { kind: 'stale', why: 'consent of its people changed meanwhile' }
    : null
}

/**
 * Decides the rows of changed people again: another branch, sensitive values let through or not any more, or another
 * grant under the same branch, give other bytes.
 */
function anyByteDiffers(
  env: Environment,
  { decided }: Rewritten,
  now: Rewritten['decided']['looked'],
  changed: ReadonlySet<number>,
): boolean {
  const { located, looked, branches, sensitive } = decided
  for (let row = 0; row < located.fault.length; row++) {
    const subject = located.subject[row] as number
    if (!changed.has(subject) && !changed.has(located.device[row] as number)) continue
    for (const [output, plan] of env.outputs.entries()) {
      const before = (branches[output] as Int16Array)[row] as number
      if (decideRow(env, located, now, row, output) !== before) return true
      if (before < 0) continue
      if (sensitiveOfRow(env, located, now, row, output) !== (sensitive[output] as Uint8Array)[row]) return true
      const was = looked.states[subject]?.purposes[plan.rule.purpose]
      const is = now.states[subject]?.purposes[plan.rule.purpose]
      if (was?.salt !== is?.salt || was?.epoch !== is?.epoch) return true
    }
  }
  return false
}

function failure(error: unknown): Outcome {
  if (error instanceof NotAMember) return { kind: 'fenced', why: error.message }
  if (error instanceof KafkaError && !(error instanceof TransactionError))
    return { kind: 'unknown', why: error.message }
  if (!(error instanceof TransactionError)) throw error
  switch (error.outcome) {
    case 'aborted':
      return { kind: 'stale', why: error.message }
    case 'fenced':
      return { kind: 'fenced', why: error.message }
    case 'unknown':
      return { kind: 'unknown', why: error.message }
  }
}
