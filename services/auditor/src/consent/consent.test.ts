import { expect, it } from 'vitest'
import { Consent } from './consent.ts'
import type { Decision } from './ledger.ts'

const REF = '01'.repeat(16)

function decision(offset: number, kind: string, basedOn: number): Decision {
  const choices = [{ purpose: 'marketing', notice: 1, untilMs: null }]
  const appendTimeMs = 1_000 + offset
  const plain = { ref: REF, linkedTo: null, source: 'api', choices, decidedAtMs: appendTimeMs, appendTimeMs }
  return { ...plain, offset, kind, basedOn, decisionId: String(offset).padStart(32, '0') }
}

function revivedAt(first: string, renewed: string, again: string): number[] {
  const ledger = [
    decision(0, 'grant', -1),
    decision(1, 'grant', 1),
    decision(2, 'withdraw', 2),
    decision(3, 'grant', 3),
  ]
  const state = (offset: number, position: number, salt: string) => {
    return { ref: REF, offset, position, visibleMs: 0, salts: [{ purpose: 'marketing', salt, epoch: 1 }] }
  }
  const states = [state(10, 1, first), state(11, 2, renewed), state(12, 4, again)]
  return [...new Consent(new Map([[REF, ledger]]), new Map([[REF, states]]), 1).revived].map(({ offset }) => offset)
}

it('A salt that a grant had is found when a later grant has it again; a renewal keeps it rightly', () => {
  expect(revivedAt('aa', 'aa', 'bb')).toEqual([])
  expect(revivedAt('aa', 'aa', 'aa')).toEqual([12])
})
