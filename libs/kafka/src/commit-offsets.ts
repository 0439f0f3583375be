import { BrokerError, canRetry, NotAMember } from './errors.ts'
import type { Cluster } from './net/cluster.ts'
import { retrying } from './net/retry.ts'
import type { Member, TopicPosition } from './port.ts'
import { Code, classOf } from './protocol/error-codes.ts'
import { offsetCommit } from './protocol/offset-commit.ts'

/** Longer than a coordinator takes to move. A member whose heartbeats fail as long is no member any more. */
const COMMIT_WITHIN_MS = 30_000
/** A try holds the member's lock: a heartbeat must not wait longer behind it. */
const TRY_LIMIT_MS = 2_000

/**
 * Commits offsets as this member. Each try takes the member's lock anew, so that a heartbeat in between can bring a new
 * generation; a try under a new member id would commit for partitions that are somebody else's by now, so there is none.
 */
export async function commitOffsets(
  cluster: Cluster,
  lane: string,
  member: Pick<Member, 'groupId' | 'withIdentity'>,
  offsets: readonly TopicPosition[],
  signal: AbortSignal,
): Promise<void> {
  const { groupId } = member
  let since: string | undefined
  const commit = () =>
    member.withIdentity(async (identity) => {
      since ??= identity.memberId
      if (identity.memberId !== since) throw new NotAMember(groupId)
      const limits = { timeoutMs: Math.min(TRY_LIMIT_MS, cluster.requestTimeoutMs) }
      const api = offsetCommit(identity, offsets)
      const code = await cluster.callCoordinator('group', groupId, lane, api, (r) => r, limits)
      if (classOf(code, 'OffsetCommit') === 'fenced') throw new NotAMember(groupId)
      if (code !== Code.NONE) throw new BrokerError(code, `OffsetCommit of group ${groupId}`, null, 'OffsetCommit')
    })
  const untilMs = performance.now() + COMMIT_WITHIN_MS
  await retrying(commit, { untilMs, signal, retriable, what: 'The member' })
}

function retriable(error: unknown): boolean {
  return canRetry(error) && !(error instanceof NotAMember)
}
