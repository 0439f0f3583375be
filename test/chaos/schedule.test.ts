import { describe, expect, test } from 'vitest'
import { drawSchedule, inWords, RESPONSES, type Schedule } from './schedule.ts'

const OPTIONS = { seed: 'a', sanitizers: 3, projectors: 2, brokers: 3, each: 40, pace: 1 } as const

describe('the schedule of faults', () => {
  test('is the same again from the same seed: kinds, targets, gaps and all', () => {
    expect(drawSchedule(OPTIONS)).toEqual(drawSchedule({ ...OPTIONS }))
  })

  test('is another one from another seed', () => {
    const [one, other] = [drawSchedule(OPTIONS), drawSchedule({ ...OPTIONS, seed: 'b' })]
    expect(words(one.sanitizers.flat())).not.toEqual(words(other.sanitizers.flat()))
    expect(words(one.redis)).not.toEqual(words(other.redis))
    expect(words(one.brokers)).not.toEqual(words(other.brokers))
  })

  test('has every kind of fault once before one comes for a fourth time', () => {
    const kinds = (schedule: Schedule) =>
      new Set([...schedule.sanitizers.flat(), ...schedule.redis].map(({ kind }) => kind))
    const process = [
      'kill',
      'stop',
      'freeze',
      'longFreeze',
      'zombie',
      'drop',
      'hold',
      'deaf',
      'slow',
      'halfOpen',
      'cut',
    ]
    const redis = ['empty', 'flush', 'evict', 'oldDump', 'failOver']
    expect(kinds(drawSchedule({ ...OPTIONS, each: 12 }))).toEqual(new Set([...process, ...redis]))
    const { sanitizers } = drawSchedule({ ...OPTIONS, each: 12 })
    const trapped = sanitizers
      .flat()
      .flatMap((fault) => ('response' in fault ? [`${fault.kind} ${fault.response}`] : []))
    const both = RESPONSES.flatMap((response) => [`drop ${response}`, `hold ${response}`])
    expect(new Set(trapped)).toEqual(new Set([...both, 'deaf endTxn', 'deaf produce', 'deaf heartbeat']))
  })

  test('isolates a leader only where there are others to take over, and then for longer than a session', () => {
    expect(drawSchedule({ ...OPTIONS, brokers: 1 }).brokers.map(({ kind }) => kind)).not.toContain('isolate')
    const isolations = drawSchedule(OPTIONS).brokers.filter(({ kind }) => kind === 'isolate')
    expect(isolations.length).toBeGreaterThan(5)
    for (const { forMs } of isolations) expect(forMs).toBeGreaterThan(4_000)
  })
})

function words(faults: readonly Parameters<typeof inWords>[0][]): string[] {
  return faults.map((fault) => `${fault.gapMs} ${inWords(fault)}`)
}
