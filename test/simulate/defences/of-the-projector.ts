import type { Defence } from './defence.ts'

/** The ledger folded exactly once, and what a fold may do. */
export const ofTheProjector: readonly Defence[] = [
  {
    name: 'folds-over-own-writes',
    does: 'the projector folds over its own writes that its view has not brought back yet',
    why: 'two decisions of one person in a row are folded over the same state: the first is forgotten, a withdrawal too',
    edits: [
      {
        file: 'services/projector/src/overlay.ts',
        find: 'return this.#writing.get(ref) ?? this.#committed.get(ref)',
        replace: 'return ref.length === 0 ? this.#committed.get(ref) : undefined',
      },
    ],
  },
  {
    name: 'catch-up',
    does: 'after an assignment the projector waits until its tail has passed what the last owner wrote',
    why: 'it folds over states that the last owner has left behind',
    edits: [
      {
        file: 'services/projector/src/start-position.ts',
        find: 'await view.reached(new Map([[partition, stateEnd]]), signal)',
        replace: 'await view.reached(new Map(), signal)',
      },
    ],
    directed: 'markers-of-topics-late',
  },
  {
    name: 'catch-up-to-the-high-watermark',
    does: 'what it waits for is the high watermark, not the stable end',
    why: "the offsets' marker of the last owner's transaction may be visible before that of the states",
    edits: [
      {
        file: 'services/projector/src/start-position.ts',
        find: "kafka.endOffsets([{ topic: topics.state, partition }], 'high-watermark')",
        replace: "kafka.endOffsets([{ topic: topics.state, partition }], 'stable')",
      },
    ],
    directed: 'markers-of-topics-late',
  },
  {
    name: 'grants-name-what-they-are-based-on',
    does: 'a grant that is based on something older than a later withdrawal is refused',
    why: 'a yes of before, sent again or late, lifts the no that came after it',
    edits: [
      {
        file: 'libs/consent/src/fold.ts',
        find: 'if (basedOn < withdrawn ||',
        replace: 'if (basedOn < Math.min(withdrawn, -1) ||',
      },
    ],
  },
  {
    name: 'a-salt-for-each-grant',
    does: 'each grant that begins has a salt of its own',
    why: 'the pseudonym of before a withdrawal comes back',
    edits: [
      {
        file: 'libs/consent/src/fold.ts',
        find: 'salt: running?.salt ?? source.salt()',
        replace: "salt: running?.salt ?? '5a'.repeat(16)",
      },
    ],
  },
  {
    name: 'no-tombstones',
    does: 'the state of someone who allows nothing any more is kept, not deleted',
    why: 'who was forgotten looks as if they had never refused: a yes of before, sent again, is taken',
    edits: [
      {
        file: 'libs/consent/src/fold.ts',
        find: 'purposes: purposeRecord(this.#purposes),',
        replace:
          "purposes: purposeRecord(new Map([...this.#purposes.values()].some((one) => one.status === 'granted') ? this.#purposes : [])),",
      },
    ],
  },
  {
    name: 'repeats-are-dropped',
    does: 'a decision id that was folded before changes nothing',
    why: 'a withdrawal that is sent again ends the grant that came after it',
    edits: [
      {
        file: 'libs/consent/src/fold.ts',
        find: 'if (state !== null && isRepeat(state, decision))',
        replace: 'if (state !== null && state.position < 0 && isRepeat(state, decision))',
      },
    ],
    heldBy: 'the API appends no decision id again that it knows from its index of the ledger or from the state',
  },
  {
    name: 'refusals-are-carried',
    does: 'a refusal on a device is carried to the people whose device it is',
    why: 'their events without that device pass',
    edits: [
      {
        file: 'libs/consent/src/link.ts',
        find: 'return links.map((subject) => carry({ ...refusal, kind }, subject))',
        replace: 'return links.slice(0, 0).map((subject) => carry({ ...refusal, kind }, subject))',
      },
    ],
  },
]
