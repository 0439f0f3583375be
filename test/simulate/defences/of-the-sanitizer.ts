import type { Defence } from './defence.ts'

/** One chunk, one transaction: fence, recovery, offsets, time. */
export const ofTheSanitizer: readonly Defence[] = [
  {
    name: 'fence',
    does: 'before a commit the fence asks whose consent has changed',
    why: 'a chunk that was decided before a withdrawal commits after it was effective, as late as it likes',
    edits: [
      {
        file: 'services/sanitizer/src/publish.ts',
        find: 'return env.consent.fence(decided.looked)',
        replace: "return { kind: 'clear', at: { tickTimeMs: 0, partitions: [] } }",
      },
    ],
    directed: 'begin-late',
  },
  {
    name: 'fence-after-the-beginning',
    does: "the fence runs after the transaction's first acknowledgement, when the broker's timeout runs already",
    why: 'what passed the fence begins its transaction late, and commits later than the stated bound',
    edits: [
      {
        file: 'services/sanitizer/src/publish.ts',
        find: 'const transaction = await env.transactions.begin(',
        replace: 'const early = await fenceOf(env, rewritten); const transaction = await env.transactions.begin(',
      },
      {
        file: 'services/sanitizer/src/publish.ts',
        find: 'return await fencedCommit(env, rewritten, transaction)',
        replace: 'return await fencedCommit(env, rewritten, transaction, early)',
      },
      {
        file: 'services/sanitizer/src/publish.ts',
        find: 'rewritten: Rewritten, transaction: Transaction)',
        replace: 'rewritten: Rewritten, transaction: Transaction, early: Fence)',
      },
      {
        file: 'services/sanitizer/src/publish.ts',
        find: 'Promise.allSettled([produced, fenceOf(env, rewritten)])',
        replace: 'Promise.allSettled([produced, early])',
      },
    ],
    directed: 'begin-late',
  },
  {
    name: 'fence-waits-for-the-end',
    does: 'the fence waits until the tail has reached the end that the broker tells',
    why: 'a withdrawal that the API has seen and this tail has not is passed by',
    edits: [
      {
        file: 'libs/consent-view/src/fence.ts',
        find: 'if (!view.tail.hasReached(started)) await reachedInTime(view, started)',
        replace: 'if (view.waitMs < 0) await reachedInTime(view, started)',
      },
    ],
    directed: 'tail-late',
  },
  {
    name: 'recovery-order',
    does: 'after an unknown outcome the producer is initialised first, and only then the committed offsets are read',
    why: 'a commit that was still on its way comes after the offsets were read, and its rows are published twice',
    edits: [
      {
        file: 'services/sanitizer/src/loop.ts',
        find: 'await env.transactions.init(signal)',
        replace: 'await this.#owned.start([...this.#owned.all]); await env.transactions.init(signal)',
      },
      {
        file: 'services/sanitizer/src/loop.ts',
        find: 'await this.#owned.start(this.#owned.all)',
        replace: 'await Promise.resolve()',
      },
    ],
    heldBy: 'committed offsets are read only once nothing on them is pending (stable-offsets)',
  },
  {
    name: 'stable-offsets',
    does: 'committed offsets are read only once no transaction on them is pending',
    why: 'whoever is given a partition reads its old offset while the last owner commits: its rows are published twice',
    edits: [
      {
        file: 'libs/kafka/src/protocol/offset-fetch.ts',
        find: 'writer.tags().bool(true).tags()',
        replace: 'writer.tags().bool(false).tags()',
      },
    ],
    directed: 'markers-of-groups-late',
  },
  {
    name: 'offsets-of-who-takes-them',
    does: 'committed offsets count once the broker that told them has taken the next ones',
    why: 'a coordinator that has lost touch tells offsets that were passed long ago: rows are published twice',
    edits: [
      {
        file: 'libs/kafka/src/producer.ts',
        find: 'return isProved ? undefined',
        replace: 'return isProved || nodeId >= 0 ? undefined',
      },
    ],
    heldBy:
      'brokers that metadata no longer names are forgotten within a second; model-cluster.test.ts shows it without that',
  },
  {
    name: 'generation-in-the-offset-commit',
    does: "offsets are committed with the member's generation, so that who has lost a partition can't commit it",
    why: 'a process that was frozen past its session commits rows that another has published: they are there twice',
    edits: [
      {
        file: 'libs/kafka/src/protocol/txn-offset-commit.ts',
        find: 'writer.int32(member.generation).string(member.memberId)',
        replace: "writer.int32(-1).string('')",
      },
    ],
    directed: 'heartbeats-lost',
  },
  {
    name: 'no-reset-of-offsets',
    does: 'a place that is gone is never reset: the process stops and says so',
    why: 'it goes on from the end, and what lay between is lost',
    edits: [
      {
        file: 'services/sanitizer/src/start-position.ts',
        find: 'if (place < 0 && first > 0)',
        replace: 'if (place < -1)',
      },
      {
        file: 'services/sanitizer/src/start-position.ts',
        find: 'positions.set(partition, Math.max(place, first))',
        replace:
          "positions.set(partition, place >= 0 ? Math.max(place, first) : ((await kafka.endOffsets([{ topic, partition }], 'high-watermark'))[0] as number))",
      },
    ],
    directed: 'offsets-lost',
  },
  {
    name: 'no-commit-after-the-timeout',
    does: 'a commit is never sent, or sent again, later than the transaction timeout after its beginning',
    why: 'where the coordinator was away its first sweep may come later still, and a commit sent again is taken',
    edits: [
      {
        file: 'libs/kafka/src/transaction.ts',
        find: 'this.#sendEnd(true, this.#deadlineMs())',
        replace: 'this.#sendEnd(true, this.#deadlineMs() + 30_000)',
      },
    ],
    directed: 'end-txn-late',
  },
  {
    name: 'leader-epoch-in-list-offsets',
    does: 'the fence asks for the end under the leader epoch that is known, so that any other leader refuses',
    why: 'whoever thinks that it leads answers',
    edits: [
      {
        file: 'libs/kafka/src/offsets.ts',
        find: 'const question = { topic, partition, leaderEpoch }',
        replace: 'const question = { topic, partition, leaderEpoch: Math.min(leaderEpoch, -1) }',
      },
    ],
    heldBy:
      'freshness: a leader that was cut off brings no ticks, and `effective` is withheld for S after its successor was heard',
  },
  {
    name: 'grants-run-out-at-the-fence',
    does: 'the fence decides again whose grant ran out since the lookup',
    why: 'an event passes by a grant that was over when it was processed',
    edits: [
      {
        file: 'libs/consent-view/src/fence.ts',
        find: 'if (tickTimeMs <= under.tickTimeMs) return',
        replace: 'if (tickTimeMs >= 0) return',
      },
    ],
    directed: 'grant-runs-out',
  },
]
