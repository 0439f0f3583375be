import { decodeStateRecord, encodeState } from '@weir/consent'
import { expect, test } from 'vitest'
import { refOf, stateOf } from './subjects.ts'

const NOW_MS = 1_800_000_000_000

test('Subjects have refs of their own, and states that the codec holds, the same each time', () => {
  const refs = new Set<string>()
  let grants = 0
  let withdrawals = 0
  for (let n = 0; n < 2_000; n++) {
    refs.add(refOf(n).toString('hex'))
    const state = stateOf(n, NOW_MS)
    expect(decodeStateRecord(encodeState(state))).toEqual({ kind: 'state', state: stateOf(n, NOW_MS) })
    const purposes = Object.values(state.purposes)
    expect(purposes.length).toBeGreaterThan(0)
    for (const { status, untilMs, salt } of purposes) {
      if (status === 'granted') {
        grants += 1
        // None runs out while it is measured: the projector would end it.
        expect(untilMs).toBeGreaterThan(NOW_MS + 86_400_000)
        expect(salt).toMatch(/^[0-9a-f]{32}$/)
      } else {
        withdrawals += 1
        expect(salt).toBeNull()
      }
    }
  }
  expect(refs.size).toBe(2_000)
  expect(grants).toBeGreaterThan(2 * withdrawals)
})
