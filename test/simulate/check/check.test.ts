import { encodeState } from '@weir/consent'
import { describe, expect, it } from 'vitest'
import { record, refOfWho, SmallRun, START_MS } from './fixtures/small-run.ts'
import { type ViolationKind, violations } from './index.ts'

const ANN = { user: 0 }
const PHONE = { device: 0 }

/** Ann agrees to everything and does one thing, then takes ads back and does another. */
function smallRun(): SmallRun {
  const run = new SmallRun()
  run.decide(100, { kind: 'grant', who: ANN, purposes: ['ads', 'stats', 'offers'], notice: 2 })
  run.event(200, 0, 0)
  run.commit(210, 250)
  for (const purpose of ['ads', 'stats', 'offers'] as const) run.granted(purpose, 0, 250)
  run.decide(300, { kind: 'withdraw', who: ANN, purposes: ['ads'] })
  run.event(400, 1, 0)
  run.commit(410, 450)
  run.stripped(1, 450)
  run.granted('stats', 1, 450)
  return run
}

/** Kinds found, each once. */
function kinds(run: SmallRun, endedMs?: number): ViolationKind[] {
  return [...new Set(violations(run.seen(endedMs)).map(({ kind }) => kind))]
}

describe('a run without fault', () => {
  it('has no violation', () => {
    expect(violations(smallRun().seen())).toEqual([])
  })

  it('may leave out what was decided while a transaction was open, or heed it', () => {
    for (const heeds of [true, false]) {
      const run = new SmallRun()
      run.decide(100, { kind: 'grant', who: ANN, purposes: ['ads'] })
      run.event(200, 0, 0)
      const granted = smallCopy(run)
      run.decide(300, { kind: 'withdraw', who: ANN, purposes: ['ads'] })
      run.commit(290, 350)
      if (heeds) run.stripped(0, 350)
      else run.clean['ads']?.push(granted)
      expect(violations(run.seen()), `heeds: ${heeds}`).toEqual([])
    }
  })

  it('may go by what was seen before a leader was cut off that tells the end', () => {
    const run = new SmallRun()
    run.decide(100, { kind: 'grant', who: ANN, purposes: ['ads'] })
    run.event(200, 0, 0)
    const granted = smallCopy(run)
    run.decide(300, { kind: 'withdraw', who: ANN, purposes: ['ads'], effectiveMs: 3_000 })
    run.commit(900, 950)
    run.clean['ads']?.push(granted)
    expect(kinds(run)).toEqual(['leak'])
    expect(violations({ ...run.seen(), cutOff: true })).toEqual([])
  })

  it('obeys devices, links, notices and needs', () => {
    const run = new SmallRun()
    run.decide(100, { kind: 'grant', who: ANN, purposes: ['offers', 'stats'] })
    run.event(200, 0, 0)
    run.commit(210, 250)
    run.stripped(0, 250)
    run.granted('stats', 0, 250)
    run.decide(300, { kind: 'grant', who: ANN, purposes: ['ads'] })
    run.event(400, 1, 0)
    run.decide(410, { kind: 'grant', who: ANN, purposes: ['ads'], notice: 2 })
    run.event(430, 2, 0)
    run.commit(450, 480)
    for (const row of [1, 2]) for (const purpose of ['ads', 'stats', 'offers'] as const) run.granted(purpose, row, 480)
    run.decide(500, { kind: 'object', who: PHONE, purposes: ['stats'] })
    run.event(600, 3, 0, { device: 0 })
    run.commit(610, 650)
    for (const purpose of ['ads', 'offers'] as const) run.granted(purpose, 3, 650)
    run.decide(700, { kind: 'link', who: PHONE, linkedTo: 0 })
    run.event(800, 4, 0)
    run.commit(810, 850)
    for (const purpose of ['ads', 'offers'] as const) run.granted(purpose, 4, 850)
    expect(violations(run.seen())).toEqual([])
  })

  it('lets grants run out, by the tick or a little later, and has them ended', () => {
    const run = new SmallRun()
    run.decide(100, { kind: 'grant', who: ANN, purposes: ['ads'], untilMs: 1_000 })
    run.event(200, 0, 0)
    run.commit(1_100, 1_200)
    run.granted('ads', 0, 1_200)
    run.event(900, 1, 0)
    run.commit(1_300, 1_400)
    run.stripped(1, 1_400)
    run.decide(1_500, { kind: 'expire', who: ANN, purposes: ['ads'], source: 'projector' })
    run.decide(1_600, { kind: 'grant', who: ANN, purposes: ['ads'] })
    expect(violations(run.seen())).toEqual([])
  })

  it('quarantines what can not be read, and counts a retried decision once', () => {
    const run = smallRun()
    run.event(500, 2, 0, { bad: true })
    run.commit(510, 550)
    run.quarantined(0, 2, 550)
    const id = run.decide(600, { kind: 'grant', who: ANN, purposes: ['ads'] })
    run.decide(700, { kind: 'withdraw', who: ANN, purposes: ['ads'] })
    run.decide(800, { kind: 'grant', who: ANN, purposes: ['ads'], id, basedOn: 0 })
    run.decide(900, { kind: 'grant', who: ANN, purposes: ['ads'], basedOn: 0 })
    run.event(1_000, 3, 0)
    run.commit(1_010, 1_050)
    run.stripped(3, 1_050)
    run.granted('stats', 3, 1_050)
    expect(violations(run.seen())).toEqual([])
  })
})

/** Ann's row 0 under the grant that runs now, taken out again. */
function smallCopy(run: SmallRun) {
  run.granted('ads', 0, 350)
  const copy = run.clean['ads']?.pop()
  if (copy === undefined) throw new Error('nothing was granted')
  return copy
}

describe('planted in a small run', () => {
  const plants: Readonly<Record<string, readonly [ViolationKind, (run: SmallRun) => void]>> = {
    'a record that is missing': ['lost', (run) => run.clean['stats']?.pop()],
    'a record that is there twice': ['repeated', (run) => twice(run, 'stats', 0)],
    'a bad record that is not in quarantine': [
      'lost',
      (run) => {
        run.event(500, 2, 0, { bad: true })
        run.commit(510, 550)
      },
    ],
    'a good record in quarantine': ['wrong quarantine', (run) => run.quarantined(0, 1, 450)],
    'a chunk without an audit record': ['wrong audit', (run) => run.audit.shift()],
    'an audit record of a chunk that was not committed': [
      'wrong audit',
      (run) => run.audited([{ partition: 0, from: 2, to: 3 }], { statePosition: 2, ledgerPosition: 2 }, 470),
    ],
    'an audit record that is there twice': [
      'wrong audit',
      (run) => {
        const [first] = run.audit
        if (first !== undefined) run.audit.push({ ...first, offset: 9 })
      },
    ],
    'an audit record that names a decision which did not decide yet': [
      'wrong audit',
      (run) => {
        run.audit.pop()
        run.audited([{ partition: 0, from: 1, to: 2 }], { statePosition: 1, ledgerPosition: 2 }, 450)
      },
    ],
    'an audit record that nobody can open': [
      'wrong audit',
      (run) => {
        const [first, ...others] = run.audit.splice(0)
        if (first !== undefined) run.audit.push({ ...first, value: Buffer.from('open?') }, ...others)
      },
    ],
    'a quarantine record that shows its secret': [
      'leak',
      (run) => {
        run.event(500, 2, 0, { bad: true })
        run.commit(510, 550)
        run.quarantined(0, 2, 550)
        const [sealed] = run.quarantine
        if (sealed !== undefined) run.quarantine[0] = { ...sealed, value: Buffer.from('secret of 2') }
      },
    ],
    'records of one key in another order': [
      'disorder',
      (run) => {
        const stats = run.clean['stats']
        const [first, second] = stats ?? []
        if (first === undefined || second === undefined) return
        run.clean['stats'] = [
          { ...second, offset: 0 },
          { ...first, offset: 1 },
        ]
      },
    ],
    'records of one key in two partitions': ['disorder', (run) => moved(run, 'stats', 1)],
    'an older grant obeyed by a transaction that began after the withdrawal was effective': [
      'leak',
      (run) => {
        const old = new SmallRun()
        old.decide(100, { kind: 'grant', who: ANN, purposes: ['ads', 'stats', 'offers'], notice: 2 })
        old.event(200, 0, 0)
        old.event(400, 1, 0)
        old.granted('ads', 1, 450)
        run.clean['ads']?.splice(1, 1, ...(old.clean['ads'] ?? []))
      },
    ],
    'an event under a grant that began after it': [
      'leak',
      (run) => {
        run.event(500, 2, 1)
        run.decide(600, { kind: 'grant', who: { user: 1 }, purposes: ['ads'] })
        run.commit(700, 750)
        run.granted('ads', 2, 750)
      },
    ],
    'an event that a device denies': [
      'leak',
      (run) => {
        run.decide(500, { kind: 'object', who: PHONE, purposes: ['stats'] })
        run.event(600, 2, 0, { device: 0 })
        run.commit(700, 750)
        run.stripped(2, 750)
        run.granted('stats', 2, 750)
      },
    ],
    'a record that shows what the notice did not name': [
      'leak',
      (run) => {
        run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'], notice: 1 })
        run.event(600, 2, 1)
        run.commit(700, 750)
        run.granted('ads', 2, 750)
        const [own] = run.clean['ads']?.splice(-1) ?? []
        const other = new SmallRun()
        other.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'], notice: 2 })
        other.event(600, 2, 1)
        other.granted('ads', 2, 750)
        const [wide] = other.clean['ads'] ?? []
        if (own !== undefined && wide !== undefined) run.clean['ads']?.push({ ...wide, key: own.key })
      },
    ],
    'a purpose published without the one that it needs': [
      'leak',
      (run) => {
        run.granted('offers', 1, 450)
      },
    ],
    'a withdrawal that the ledger has long had, not obeyed before any answer': [
      'stale',
      (run) => {
        withdrawn(run, { effectiveMs: 9_000, begunMs: 3_100, decidedMs: 3_200 })
        lateState(run, 8_000)
      },
    ],
    'a withdrawal that could be seen before the transaction began': [
      'leak',
      (run) => withdrawn(run, { effectiveMs: 9_000, begunMs: 1_100, decidedMs: 1_150 }),
    ],
    'a commit later than the bound after the answer': [
      'bound',
      (run) => withdrawn(run, { effectiveMs: 1_030, begunMs: 1_005, decidedMs: 7_100 }),
    ],
    'a grant that counted after it had run out': [
      'expired',
      (run) => {
        run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'], untilMs: 1_000 })
        run.event(600, 2, 1)
        run.commit(3_100, 3_150)
        run.granted('ads', 2, 3_150)
        run.decide(3_200, { kind: 'expire', who: { user: 1 }, purposes: ['ads'], source: 'projector' })
      },
    ],
    'a grant that counted though a tick had told that it was over': [
      'expired',
      (run) => {
        run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'], untilMs: 1_000 })
        run.event(600, 2, 1)
        run.tick(1_100)
        run.commit(1_200, 1_250)
        run.granted('ads', 2, 1_250)
        run.decide(1_300, { kind: 'expire', who: { user: 1 }, purposes: ['ads'], source: 'projector' })
      },
    ],
    'the pseudonym of an earlier grant after a new one': [
      'revived',
      (run) => {
        run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'] })
        run.event(900, 2, 1)
        run.granted('ads', 2, 950)
        run.decide(600, { kind: 'withdraw', who: { user: 1 }, purposes: ['ads'] })
        run.decide(700, { kind: 'grant', who: { user: 1 }, purposes: ['ads'] })
        run.commit(910, 950)
      },
    ],
    'less than a grant gives': [
      'wrong output',
      (run) => {
        run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'] })
        run.event(600, 2, 1)
        run.commit(700, 750)
        run.stripped(2, 750)
      },
    ],
    'a record that no raw one gives': [
      'wrong output',
      (run) => {
        const [first] = run.clean['ads'] ?? []
        if (first !== undefined) run.clean['ads']?.push({ ...first, offset: 9, value: Buffer.from('nonsense') })
      },
    ],
    'a state that the ledger does not give': [
      'wrong state',
      (run) => {
        const state = run.states.get(refOfWho(ANN))
        const purposes = { ...state?.purposes }
        const stats = purposes['stats']
        if (state === undefined || stats === undefined) return
        purposes['stats'] = { ...stats, sinceMs: START_MS + 150 }
        spoilLastState(run, encodeState({ ...state, purposes }))
      },
    ],
    'a state that was written twice': [
      'wrong state',
      (run) => {
        const last = run.state.at(-1)
        if (last !== undefined) run.state.push({ ...last, offset: last.offset + 1 })
      },
    ],
    'a decision that nobody sent': ['wrong state', (run) => run.decisions.shift()],
    'a salt that lives on in a new grant': [
      'salt reused',
      (run) => {
        const before = run.states.get(refOfWho(ANN))?.purposes['stats']
        run.decide(500, { kind: 'withdraw', who: ANN, purposes: ['stats'] })
        run.decide(600, { kind: 'grant', who: ANN, purposes: ['stats'] })
        const state = run.states.get(refOfWho(ANN))
        const stats = state?.purposes['stats']
        if (state === undefined || before === undefined || stats === undefined) return
        const purposes = { ...state.purposes, stats: { ...stats, salt: before.salt } }
        spoilLastState(run, encodeState({ ...state, purposes }))
      },
    ],
    'a salt that two purposes share': [
      'salt reused',
      (run) => {
        run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['stats'] })
        const ann = run.states.get(refOfWho(ANN))?.purposes['stats']
        const state = run.states.get(refOfWho({ user: 1 }))
        const stats = state?.purposes['stats']
        if (state === undefined || ann === undefined || stats === undefined) return
        const purposes = { ...state.purposes, stats: { ...stats, salt: ann.salt } }
        spoilLastState(run, encodeState({ ...state, purposes }))
      },
    ],
    'a refusal that its device did not hand on': [
      'wrong carried',
      (run) => {
        run.decide(500, { kind: 'object', who: PHONE, purposes: ['stats'] })
        run.decide(600, { kind: 'link', who: PHONE, linkedTo: 1 })
        run.ledger.pop()
        run.state.pop()
      },
    ],
    'a grant that ended and is not ordered forgotten': ['wrong forget', (run) => run.forget.pop()],
    'an order to forget that came twice': [
      'wrong forget',
      (run) => {
        const [order] = run.forget
        if (order !== undefined) run.forget.push({ ...order, offset: 1 })
      },
    ],
    'a grant that ran out and stands for ever': [
      'grant not ended',
      (run) => void run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'], untilMs: 1_000 }),
    ],
    'a decision that never became effective': [
      'not effective',
      (run) => void run.decide(500, { kind: 'withdraw', who: { user: 1 }, purposes: ['ads'], effectiveMs: null }),
    ],
    'a decision that was never accepted': [
      'not effective',
      (run) => {
        run.decisions.push({ id: 'no', short: false, sentAtMs: START_MS, acceptedAtMs: null, effectiveAtMs: null })
      },
    ],
    'a decision called effective before it could be seen': [
      'not effective',
      (run) => void run.decide(500, { kind: 'withdraw', who: { user: 1 }, purposes: ['ads'], effectiveMs: 505 }),
    ],
    'a decision that was accepted and is in no ledger': [
      'lost',
      (run) => {
        const at = START_MS + 500
        run.decisions.push({ id: 'gone', short: false, sentAtMs: at, acceptedAtMs: at, effectiveAtMs: at + 30 })
      },
    ],
    'a committed offset that went back': [
      'offsets back',
      (run) => {
        const last = run.transactions.at(-1)
        if (last !== undefined) run.transactions.push({ ...last, offsets: [{ partition: 0, offset: 1 }] })
      },
    ],
    'raw records that are never processed': ['stall', (run) => run.event(500, 2, 0)],
    'decisions that are never folded': [
      'stall',
      (run) => {
        run.decide(500, { kind: 'withdraw', who: { user: 1 }, purposes: ['ads'] })
        const id = run.decide(600, { kind: 'withdraw', who: { user: 1 }, purposes: ['ads'] })
        run.state.pop()
        run.decisions.splice(-1, 1, {
          id,
          short: true,
          sentAtMs: START_MS + 600,
          acceptedAtMs: null,
          effectiveAtMs: null,
        })
      },
    ],
    'a process that ended by itself': [
      'stopped',
      (run) => run.stopped.push({ process: 'sanitizer-0', atMs: START_MS + 500, why: 'a bug' }),
    ],
  }

  for (const [what, [kind, plant]] of Object.entries(plants)) {
    it(`finds ${what}: ${kind}`, () => {
      const run = smallRun()
      plant(run)
      expect(kinds(run)).toEqual([kind])
    })
  }
})

/** A row of a user who withdraws at 1,000 ms, published under the grant. */
function withdrawn(run: SmallRun, at: { effectiveMs: number; begunMs: number; decidedMs: number }): void {
  run.decide(500, { kind: 'grant', who: { user: 1 }, purposes: ['ads'] })
  run.event(600, 2, 1)
  run.granted('ads', 2, at.decidedMs)
  run.decide(1_000, { kind: 'withdraw', who: { user: 1 }, purposes: ['ads'], effectiveMs: at.effectiveMs })
  run.commit(at.begunMs, at.decidedMs)
}

/** The last state can be seen only then. */
function lateState(run: SmallRun, visibleMs: number): void {
  const last = run.state.pop()
  if (last !== undefined) run.state.push({ ...last, visibleAtMs: START_MS + visibleMs })
}

function twice(run: SmallRun, purpose: string, index: number): void {
  const one = run.clean[purpose]?.[index]
  if (one !== undefined) run.clean[purpose]?.splice(index + 1, 0, { ...one, offset: one.offset })
}

function moved(run: SmallRun, purpose: string, index: number): void {
  const one = run.clean[purpose]?.[index]
  if (one !== undefined) run.clean[purpose]?.splice(index, 1, { ...one, partition: 1 })
}

function spoilLastState(run: SmallRun, value: Buffer): void {
  const last = run.state.at(-1)
  if (last === undefined) return
  run.state[run.state.length - 1] = { ...record(0, last.offset, 0, last.key, value), visibleAtMs: last.visibleAtMs }
}
