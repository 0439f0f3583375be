import type { Defence } from './defence.ts'

/** How old what is believed may be: ticks, leader epochs, `effective`. */
export const ofFreshness: readonly Defence[] = [
  {
    name: 'freshness',
    does: 'a partition without proof of freshness within S holds the chunks that need it',
    why: 'while the projector is away, chunks are decided by consent of long ago',
    edits: [
      {
        file: 'libs/consent-view/src/lookup.ts',
        find: 'tail.freshness.ageMs(now) > view.freshnessMs',
        replace: 'tail.freshness.ageMs(now) < 0',
      },
    ],
    directed: 'fence-late',
  },
  {
    name: 'freshness-asked-at-the-fence',
    does: 'the fence looks at freshness once more',
    why: 'a process that was frozen, or a leader that was cut off, lets a chunk pass by consent older than S',
    edits: [
      {
        file: 'libs/consent-view/src/fence.ts',
        find: 'const tails = freshPartitions(view, subjects.partitions)',
        replace:
          'const tails = freshPartitions({ ...view, freshnessMs: Number.POSITIVE_INFINITY }, subjects.partitions)',
      },
    ],
    directed: 'fence-late',
  },
  {
    name: 'tick-after-tick',
    does: 'the next tick is appended only after the last has come out of consent.state',
    why: 'ticks prove that something arrives, and not how old it is: a projector that lags looks fresh',
    edits: [
      {
        file: 'services/projector/src/ticker.ts',
        find: 'if (ticking.appendedAtMs === null) due.push([partition, ticking])',
        replace: 'due.push([partition, ticking])',
      },
    ],
    directed: 'old-ticks',
  },
  {
    name: 'incarnations',
    does: 'ticks of another process, or after a doubt, are of another incarnation',
    why: 'tick n+1 of one is taken for the answer to tick n of another',
    edits: [
      {
        file: 'services/projector/src/ticker.ts',
        find: 'return { incarnation: this.#options.randomHex16(), n: 0, appendedAtMs: null }',
        replace: "return { incarnation: '00'.repeat(16), n: 0, appendedAtMs: null }",
      },
    ],
    directed: 'takeovers',
    heldBy: 'numbers of two projectors seldom follow each other, and what they would prove lasts 2 s',
  },
  {
    name: 'tick-rule-spares-the-projector',
    does: 'the projector is not held by partitions that are not fresh: it makes the ticks',
    why: 'it waits for its own ticks for ever, and everybody with it',
    edits: [
      {
        file: 'libs/consent-view/src/open.ts',
        find: 'options.requireFresh === false ? Number.POSITIVE_INFINITY : (options.freshnessMs ?? FRESHNESS_MS)',
        replace: 'options.freshnessMs ?? FRESHNESS_MS',
      },
    ],
  },
  {
    name: 'new-leader-discards-freshness',
    does: 'the first answer of a new leader discards the proof of freshness that the former one gave',
    why: 'a leader that was cut off says of the end what is long past, and the next tick proves it fresh',
    edits: [
      {
        file: 'libs/consent-view/src/partition-tail.ts',
        find: 'this.freshness.discard()',
        replace: 'void this.freshness',
      },
    ],
    directed: 'former-leader',
    heldBy: 'the next ticks come some hundred ms after the new leader, and prove little more than is so',
  },
  {
    name: 'former-leader-proves-nothing',
    does: 'an end that a former leader tells after the new one was heard proves nothing',
    why: 'an answer of the leader that was cut off, late on its way, is taken for the end',
    edits: [
      {
        file: 'libs/consent-view/src/partition-tail.ts',
        find: 'if (leaderEpoch < this.#leaderEpoch) return',
        replace: 'if (leaderEpoch < -1) return',
      },
    ],
    directed: 'former-leader',
    heldBy: 'new-leader-discards-freshness, and an answer of the former leader is late by its waiting time at most',
  },
  {
    name: 'effective-withheld',
    does: 'after a new leader of a partition nothing there is called effective for S',
    why: 'a sanitizer may still ask the former leader for the end, and pass its fence after `effective`',
    edits: [
      {
        file: 'services/consent/src/follow-tail.ts',
        find: 'view.onNewLeader((partition) => void withholdFor(partition, options))',
        replace: 'view.onNewLeader((partition) => void (partition < 0 && withholdFor(partition, options)))',
      },
    ],
    directed: 'leader-cut-off',
  },
  {
    name: 'effective-needs-what-is-carried',
    does: 'a refusal on a linked device is effective once the states of its subjects show it too',
    why: 'it is called effective while the subject, whose events may pass without the device, is not refused yet',
    edits: [
      {
        file: 'services/consent/src/decision-index.ts',
        find: 'this.#seekCarried(entry, carried)',
        replace: 'this.#seekCarried(entry, carried.slice(0, 0))',
      },
    ],
    directed: 'linked-device',
  },
]
