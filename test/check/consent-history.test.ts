import { expect, test } from 'vitest'
import { foldLedger } from './consent-history.ts'
import type { LedgerDecision, RecordedPurpose, RecordedState } from './consent-records.ts'

let offset = 0

function decision(kind: string, basedOn: number, id = `id ${offset}`, notice = 1): LedgerDecision {
  const choices = [{ purpose: 'p', notice, untilMs: null }]
  const at = offset++
  return {
    partition: 0,
    offset: at,
    appendTimeMs: 1000 + at,
    decisionId: id,
    ref: 'r',
    linkedTo: null,
    source: 'api',
    kind,
    choices,
    decidedAtMs: 1000 + at,
    basedOn,
  }
}

function recorded(after: LedgerDecision, purpose: Partial<RecordedPurpose>): RecordedState {
  const { notice = 1, sinceMs = after.appendTimeMs } = purpose
  const notices = { notice, noticeSinceMs: sinceMs, noticeBefore: notice }
  const base = { status: 'granted', sinceMs, ...notices, salt: null, epoch: 1 }
  return { ref: 'r', position: after.offset + 1, purposes: new Map([['p', { ...base, ...purpose }]]), links: [] }
}

const fold = (decisions: LedgerDecision[], states: RecordedState[]) =>
  foldLedger(decisions, new Map([['r', states]])).get('r')

test('a grant after a withdrawal begins anew, with the salt that was published for it', () => {
  const [first, gone, again] = [decision('grant', -1), decision('withdraw', 1), decision('grant', offset)]
  const history = fold(
    [first, gone, again],
    [
      recorded(first, { salt: 'aa' }),
      recorded(gone, { status: 'withdrawn', notice: 0 }),
      recorded(again, { salt: 'bb' }),
    ],
  )
  expect(history?.differences).toEqual([])
  expect(history?.versions.map((version) => version.purposes.get('p')?.salt)).toEqual([undefined, 'aa', null, 'bb'])
  expect(history?.versions.at(-1)?.purposes.get('p')?.sinceMs).toBe(again.appendTimeMs)
})

test('a renewal keeps since and salt', () => {
  const first = decision('grant', -1)
  const renewal = decision('grant', first.offset + 1)
  const history = fold(
    [first, renewal],
    [recorded(first, { salt: 'aa' }), recorded(renewal, { salt: 'aa', sinceMs: first.appendTimeMs })],
  )
  expect(history?.differences).toEqual([])
  expect(history?.versions.at(-1)?.purposes.get('p')).toMatchObject({ sinceMs: first.appendTimeMs, salt: 'aa' })
})

test('a salt that comes back with a later grant is a difference', () => {
  const first = decision('grant', -1)
  const gone = decision('withdraw', first.offset + 1)
  const again = decision('grant', gone.offset + 1)
  const history = fold(
    [first, gone, again],
    [
      recorded(first, { salt: 'aa' }),
      recorded(gone, { status: 'withdrawn', notice: 0 }),
      recorded(again, { salt: 'aa' }),
    ],
  )
  expect(history?.differences).toHaveLength(1)
})

test('a grant based on something older than a withdrawal is refused, and a state that granted it all the same is a difference', () => {
  const first = decision('grant', -1)
  const gone = decision('withdraw', first.offset + 1)
  const stale = decision('grant', first.offset + 1)
  const history = fold(
    [first, gone, stale],
    [
      recorded(first, { salt: 'aa' }),
      recorded(gone, { status: 'withdrawn', notice: 0 }),
      recorded(stale, { salt: 'bb' }),
    ],
  )
  expect(history?.versions.at(-1)?.purposes.get('p')?.status).toBe('withdrawn')
  expect(history?.differences).toHaveLength(1)
})

test('a decision that is repeated changes nothing', () => {
  const first = decision('grant', -1, 'same')
  const repeat = { ...decision('withdraw', first.offset + 1), decisionId: 'same' }
  const history = fold(
    [first, repeat],
    [recorded(first, { salt: 'aa' }), recorded(repeat, { salt: 'aa', sinceMs: first.appendTimeMs })],
  )
  expect(history?.differences).toEqual([])
  expect(history?.versions.at(-1)?.purposes.get('p')?.status).toBe('granted')
})

test('a salt that outlives its grant is a difference', () => {
  const first = decision('grant', -1)
  const gone = decision('withdraw', first.offset + 1)
  const history = fold(
    [first, gone],
    [recorded(first, { salt: 'aa' }), recorded(gone, { status: 'withdrawn', notice: 0, salt: 'aa' })],
  )
  expect(history?.differences).toHaveLength(1)
})

test('a grant decided before the refusal that holds is refused, whatever it says it is based on', () => {
  const first = decision('grant', -1)
  const gone = decision('withdraw', first.offset + 1)
  const late = { ...decision('grant', gone.offset + 1), decidedAtMs: first.decidedAtMs }
  const history = fold(
    [first, gone, late],
    [
      recorded(first, { salt: 'aa' }),
      recorded(gone, { status: 'withdrawn', notice: 0 }),
      recorded(late, { status: 'withdrawn', notice: 0, sinceMs: gone.appendTimeMs }),
    ],
  )
  expect(history?.differences).toEqual([])
  expect(history?.versions.at(-1)?.purposes.get('p')?.status).toBe('withdrawn')
})

test('a grant decided before everything was erased is refused for a purpose never heard of too', () => {
  const gone = { ...decision('erase', -1), choices: [] }
  const late = { ...decision('grant', gone.offset + 1), decidedAtMs: gone.decidedAtMs - 1 }
  const again = decision('grant', late.offset + 1)
  const history = fold([gone, late, again], [])
  expect(history?.versions.map((version) => version.purposes.get('p')?.status)).toEqual([
    undefined,
    undefined,
    undefined,
    'granted',
  ])
})

test('a renewal under a higher notice counts from then on, one under a lower for all; another state is a difference', () => {
  const first = decision('grant', -1)
  const wider = decision('grant', first.offset + 1, undefined, 3)
  const lower = decision('grant', wider.offset + 1, undefined, 2)
  const since = { salt: 'aa', sinceMs: first.appendTimeMs }
  const rose = { noticeSinceMs: wider.appendTimeMs, noticeBefore: 1 }
  const states = [
    recorded(first, { salt: 'aa' }),
    recorded(wider, { ...since, notice: 3, ...rose }),
    recorded(lower, { ...since, notice: 2, ...rose }),
  ]
  expect(fold([first, wider, lower], states)?.differences).toEqual([])
  for (const wrong of [{ noticeSinceMs: first.appendTimeMs }, { noticeBefore: 3 }]) {
    states[1] = recorded(wider, { ...since, notice: 3, ...rose, ...wrong })
    expect(fold([first, wider, lower], states)?.differences).toHaveLength(1)
  }
})

test('a grant that ran out is ended by an expire after its until, and not by one before it', () => {
  const granted = decision('grant', -1)
  const until = granted.appendTimeMs + 2
  const first = { ...granted, choices: [{ purpose: 'p', notice: 1, untilMs: until }] }
  const [early, due] = [decision('expire', -1), decision('expire', -1)]
  const states = [
    recorded(first, { salt: 'aa' }),
    recorded(early, { salt: 'aa', sinceMs: first.appendTimeMs }),
    recorded(due, { status: 'expired', notice: 0 }),
  ]
  expect(fold([first, early, due], states)?.differences).toEqual([])
  expect(fold([first, early, due], states)?.versions.map(({ purposes }) => purposes.get('p')?.status)).toEqual([
    undefined,
    'granted',
    'granted',
    'expired',
  ])
  states[2] = recorded(due, { salt: 'aa', sinceMs: first.appendTimeMs })
  expect(fold([first, early, due], states)?.differences).toHaveLength(1)
})

const USER = 'f'.repeat(32)
const CARRIED = 'ffffffff-ffff-4fff-8fff-fffffffffffe'
const REFUSAL = '00000000-0000-b000-7000-000000000001'

/** A device withdraws, then is linked to a user who had granted; `carried` is what their ledger holds of it. */
function linkedRun(carried: readonly Partial<LedgerDecision>[], links = [USER]) {
  const device = (kind: string, more: Partial<LedgerDecision> = {}) => ({ ...decision(kind, -1), ...more })
  const granted = { ...decision('grant', -1), ref: USER }
  const [refused, linked] = [
    device('withdraw', { decisionId: REFUSAL }),
    device('link', { choices: [], linkedTo: USER }),
  ]
  const came = carried.map((more) => ({
    ...decision('withdraw', -1, CARRIED),
    ref: USER,
    source: 'link',
    ...more,
  }))
  const last = came.at(-1)
  const states = new Map<string, RecordedState[]>([
    ['r', [{ ...recorded(linked, { status: 'withdrawn', notice: 0, sinceMs: refused.appendTimeMs }), links }]],
    [
      USER,
      last === undefined
        ? [recorded(granted, { salt: 'aa' })]
        : [recorded(last, { status: 'withdrawn', notice: 0, sinceMs: came[0]?.appendTimeMs ?? 0 })],
    ],
  ])
  const histories = foldLedger([refused, linked, granted, ...came], states)
  return [...histories.values()].flatMap(({ differences }) => differences)
}

test('a refusal on a device is carried to the subject it is linked to, once, as what it was, and by a device', () => {
  expect(linkedRun([{}])).toEqual([])
  expect(linkedRun([])).toEqual(['a refusal on a device was not carried to its subject'])
  expect(linkedRun([{}, {}])).toEqual(['a refusal on a device was carried to its subject more than once'])
  expect(linkedRun([{ kind: 'object' }])).toContain('a refusal on a device was carried to its subject as another one')
  expect(linkedRun([{}, { decisionId: '00000000-0000-4000-8000-00000000000a' }])).toContain(
    'a carried refusal that no linked device gave',
  )
})

test('a state that lacks a link is a difference', () => {
  expect(linkedRun([{}], [])).toHaveLength(1)
})
