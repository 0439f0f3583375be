import type { ConsentState } from '@weir/consent'
import { expect, test } from 'vitest'
import { subjectState } from './subject-state.ts'

const untilMs = Date.UTC(2026, 5, 1)
const state: ConsentState = {
  position: 12,
  recent: [],
  purposes: {
    analytics: {
      status: 'granted',
      sinceMs: Date.UTC(2026, 0, 1),
      untilMs,
      notice: 3,
      noticeSinceMs: Date.UTC(2026, 0, 1),
      noticeBefore: 3,
      salt: '00112233445566778899aabbccddeeff',
      epoch: 1,
      decisionId: '0190a0b4-5c7e-7d9a-8a55-2f3e4d5c6b7a',
      ledgerOffset: 11,
      withdrawnPosition: -1,
    },
  },
}

test('a state is shown without salt, epoch and offsets', () => {
  expect(subjectState(state, 0)).toEqual({
    position: 12,
    purposes: {
      analytics: { status: 'granted', since: '2026-01-01T00:00:00.000Z', until: '2026-06-01T00:00:00.000Z', notice: 3 },
    },
  })
})

test('a subject without decisions has position -1', () => {
  expect(subjectState(null, 0)).toEqual({ position: -1, purposes: {} })
})

test('a grant whose end the ticks have passed is shown as expired since then', () => {
  expect(subjectState(state, untilMs - 1).purposes['analytics']?.status).toBe('granted')
  expect(subjectState(state, untilMs).purposes['analytics']).toMatchObject({
    status: 'expired',
    since: '2026-06-01T00:00:00.000Z',
  })
})
