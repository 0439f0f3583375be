import type { Branch, Verb } from '@weir/contracts'
import { describe, expect, it } from 'vitest'
import { sample } from '../fixtures/environment.ts'
import { recordTimeMs, type TimeShown, timeShown } from './visible-time.ts'

const at = Date.UTC(2024, 1, 29, 13, 59, 59, 999)
const now = Date.UTC(2026, 6, 1, 8, 30)

describe('the timestamp of a clean record', () => {
  it.each<[TimeShown, number]>([
    ['exactly', at],
    ['hour', Date.UTC(2024, 1, 29, 13)],
    ['day', Date.UTC(2024, 1, 29)],
    ['month', Date.UTC(2024, 1)],
    ['hidden', Date.UTC(2026, 6, 1, 8)],
  ])('for a time shown as %s', (shown, timeMs) => {
    expect(recordTimeMs(shown, at, now)).toBe(timeMs)
  })

  it('is a number over all of the range that events may have', () => {
    for (const eventTimeMs of [0, 8.64e15]) {
      for (const shown of ['exactly', 'hour', 'day', 'month'] as const) {
        const timeMs = recordTimeMs(shown, eventTimeMs, now)
        expect(timeMs).toBeGreaterThanOrEqual(0)
        expect(timeMs).toBeLessThanOrEqual(eventTimeMs)
      }
    }
  })
})

describe('a branch', () => {
  const shows = (leaves: Branch['leaves'], only: Branch['only'] = []): TimeShown =>
    timeShown(sample, { leaves, only, events: [], sensitive: null })
  const line = (verb: Verb) => [{ path: ['occurredAt'], verb }]

  it.each<[Verb, TimeShown]>([
    [{ kind: 'keep' }, 'exactly'],
    [{ kind: 'hour' }, 'hour'],
    [{ kind: 'day' }, 'day'],
    [{ kind: 'month' }, 'month'],
    [{ kind: 'pseudonymize' }, 'hidden'],
    [{ kind: 'bucket', bounds: [0] }, 'hidden'],
    [{ kind: 'set', constant: 7 }, 'hidden'],
  ])('shows the event time as its verb does: %j', (verb, shown) => {
    expect(shows(line(verb))).toBe(shown)
  })

  it('that does not name it, or shows it in some events only, hides it', () => {
    expect(shows([])).toBe('hidden')
    const when = [{ path: ['eventType'], constants: ['purchase'] }]
    expect(shows([], [{ when, leaves: line({ kind: 'keep' }) }])).toBe('hidden')
    expect(shows(line({ kind: 'day' }), [{ when, leaves: line({ kind: 'keep' }) }])).toBe('day')
  })
})
