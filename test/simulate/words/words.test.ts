import { describe, expect, it } from 'vitest'
import { DIRECTED, directed, drawSchedule } from '../schedule/index.ts'
import { inWords, storyOf } from './index.ts'

describe('a schedule in words', () => {
  it('tells who does what and when', () => {
    expect(inWords({ atMs: 1_234, do: 'event', row: 5, user: 0, device: 1, ageMs: 20, bad: false })).toBe(
      '   1.234 s  row 5 by ann on tablet, 20 ms old',
    )
    const fate = { delayMs: 40 }
    expect(inWords({ atMs: 0, do: 'kafka', fault: 'next', api: 'endTxn', process: 'sanitizer-0', fate })).toBe(
      '   0.000 s  the next endTxn of sanitizer-0 is 40 ms late',
    )
    const grant = { id: 'abcdef01-0000-4000-8000-000000000000', kind: 'grant', who: { user: 2 } } as const
    const what = { purposes: ['ads'], notices: [2], lastsMs: 700, basedOn: 'nothing' } as const
    expect(inWords({ atMs: 10, do: 'decide', ...grant, ...what })).toBe(
      '   0.010 s  cem grants ads under notice 2, ends after 700 ms, knowing no decision (abcdef01)',
    )
  })

  it('has a line for every step, and the violations at its end', () => {
    const schedules = [
      ...DIRECTED.map((name) => directed(name)),
      ...Array.from({ length: 50 }, (_, i) => drawSchedule(i)),
    ]
    for (const schedule of schedules) {
      const lines = storyOf(schedule, [{ kind: 'lost', words: 'row 1' }]).split('\n')
      expect(lines.length).toBe(schedule.steps.length + 3)
      expect(lines.filter((line) => line.includes('undefined') || line.includes('unknown'))).toEqual([])
      expect(lines.at(-2)).toBe('LOST: row 1')
    }
  })
})
