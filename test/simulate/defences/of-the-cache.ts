import type { Defence } from './defence.ts'

/** Redis is a cache and never the authority: loader, watermark, base. */
export const ofTheCache: readonly Defence[] = [
  {
    name: 'chained-watermark',
    does: 'the loader applies a run of records only if the stored watermark is the one that the run starts from',
    why: 'a second loader, or one that was frozen, writes older states over newer ones and leaves a newer watermark',
    edits: [
      {
        file: 'services/projector/src/cache-writer.ts',
        find: 'return this.#run(APPLY, partition, args)',
        replace:
          'return this.stored(partition).then((at) => this.#run(APPLY, partition, [at.watermark, ...args.slice(1)]))',
      },
    ],
    directed: 'frozen-loader',
  },
  {
    name: 'watermark-not-below-base',
    does: 'an answer of Redis counts only if its watermark is not below the base',
    why: 'after a failover, an old dump or a slow loader Redis is believed though it lacks a withdrawal',
    edits: [
      {
        file: 'libs/consent-view/src/bases.ts',
        find: 'answer.watermark >= tail.changed.base',
        replace: 'tail.changed.base >= 0',
      },
    ],
    directed: 'redis-split',
  },
  {
    name: 'one-hash',
    does: 'states and watermark of a partition lie in one key of Redis, and vanish together',
    why: 'when the states are evicted and the watermark is known all the same, everybody looks unknown',
    edits: [
      {
        file: 'services/projector/src/cache-writer.ts',
        find: 'return this.#run(APPLY, partition, args)',
        replace:
          'return this.stored(partition).then(async (at) => { if (at.watermark === "") await this.#run(BEGIN, partition, ["", "", String(from), topicId]); return this.#run(APPLY, partition, args) })',
      },
    ],
    directed: 'redis-evicts',
  },
  {
    name: 'loader-reads-committed',
    does: 'the loader reads committed records only',
    why: 'states of a transaction that aborts are believed: a salt that never was, a decision that was not',
    edits: [
      {
        file: 'services/projector/src/loader.ts',
        find: "isolation: 'read_committed'",
        replace: "isolation: 'read_uncommitted'",
      },
    ],
    directed: 'fold-undecided',
  },
  {
    name: 'loader-goes-back',
    does: 'a loader that finds another watermark than its own goes back to the stored one',
    why: 'after a flush nothing is loaded any more, and everybody who did not change lately waits for ever',
    edits: [
      {
        file: 'services/projector/src/loader.ts',
        find: 'this.#watermarks.set(partition, applied ? to : null)',
        replace: 'this.#watermarks.set(partition, to)',
      },
      {
        file: 'services/projector/src/loader.ts',
        find: 'await this.#compare(topicId)',
        replace: 'await Promise.resolve(topicId)',
      },
    ],
    directed: 'redis-forgets',
  },
  {
    name: 'loader-looks-while-nothing-comes',
    does: 'the loader compares what is stored with what it loaded also while no record comes',
    why: 'a fold waits for the loader, which has lost a hash and waits for a record of that fold: for ever',
    edits: [
      {
        file: 'services/projector/src/loader.ts',
        find: 'await this.#compare(topicId)',
        replace: 'await Promise.resolve(topicId)',
      },
    ],
    directed: 'redis-lost-before-a-decision',
  },
  {
    name: 'base-pinned',
    does: 'the base does not pass the oldest chunk in flight, and a fence that finds it passed holds',
    why: 'what changed since a chunk was looked up is forgotten before its fence asks for it',
    edits: [
      {
        file: 'libs/consent-view/src/bases.ts',
        find: 'tail.position, inFlight.oldest(partition))',
        replace: 'tail.position, partition < 0 ? inFlight.oldest(partition) : tail.position)',
      },
      {
        file: 'libs/consent-view/src/fence.ts',
        find: 'if (tail.changed.base > (looked.positions[partition] ?? -1))',
        replace: 'if (tail.changed.base < 0)',
      },
    ],
    directed: 'base-passes',
  },
  {
    name: 'remembered-kept-exact',
    does: 'the tail tells the memory of hot subjects of each change',
    why: 'a hot subject is decided by what held before the withdrawal, once the base has passed it',
    edits: [
      {
        file: 'libs/consent-view/src/partition-tail.ts',
        find: 'this.remembered.changed(ref, state)',
        replace: 'void this.remembered',
      },
    ],
    directed: 'hot-subject',
  },
]
