import { expect, test } from 'vitest'
import { foldLedger } from './consent-history.ts'
import type { LedgerDecision, RecordedPurpose, RecordedState } from './consent-records.ts'

let offset = 0

function decision(kind: string, basedOn: number, id = `id ${offset}`): LedgerDecision {
  const choices = [{ purpose: 'p', notice: 1, untilMs: null }]
  const at = offset++
  return {
    partition: 0,
    offset: at,
    appendTimeMs: 1000 + at,
    decisionId: id,
    ref: 'r',
    kind,
    choices,
    decidedAtMs: 0,
    basedOn,
  }
}

function recorded(after: LedgerDecision, purpose: Partial<RecordedPurpose>): RecordedState {
  const base = { status: 'granted', sinceMs: after.appendTimeMs, notice: 1, salt: null, epoch: 1 }
  return { ref: 'r', position: after.offset + 1, purposes: new Map([['p', { ...base, ...purpose }]]) }
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
