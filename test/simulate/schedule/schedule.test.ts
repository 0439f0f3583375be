import { describe, expect, it } from 'vitest'
import { DIRECTED, directed, drawSchedule, type Step } from './index.ts'

const SEEDS = Array.from({ length: 400 }, (_, seed) => seed)

/** What a step does, without to whom and when. */
function kindOf(step: Step): string {
  switch (step.do) {
    case 'kafka':
      return step.fault === 'next' ? `${step.api} ${'lose' in step.fate ? step.fate.lose : 'late'}` : step.fault
    case 'redis':
      return `redis ${step.fault}`
    case 'decide':
      return `${step.kind} ${step.basedOn} ${step.lastsMs === null ? 'lasting' : 'short'}`
    case 'event':
      return step.bad ? 'bad event' : 'event'
    default:
      return 'process' in step ? `${step.do} ${step.process}` : step.do
  }
}

describe('drawn schedules', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(drawSchedule(7)).toEqual(drawSchedule(7))
    expect(drawSchedule(7).steps).not.toEqual(drawSchedule(8).steps)
  })

  it('go forward in time and end healed, with time to drain', () => {
    for (const seed of SEEDS) {
      const { steps } = drawSchedule(seed)
      const moments = steps.map(({ atMs }) => atMs)
      expect(moments).toEqual([...moments].sort((a, b) => a - b))
      const heal = steps.findIndex((step) => step.do === 'heal')
      expect(steps.slice(heal + 1).every(({ do: what }) => ['event', 'decide', 'end'].includes(what))).toBe(true)
      expect(steps.filter((step) => step.do === 'end')).toEqual([steps.at(-1)])
    }
  })

  it('number each event once', () => {
    for (const seed of SEEDS) {
      const rows = drawSchedule(seed).steps.flatMap((step) => (step.do === 'event' ? [step.row] : []))
      expect(new Set(rows).size).toBe(rows.length)
    }
  })

  it('send a decision again as it was', () => {
    for (const seed of SEEDS) {
      const decisions = drawSchedule(seed).steps.filter((step) => step.do === 'decide')
      for (const [first, ...again] of Map.groupBy(decisions, ({ id }) => id).values())
        for (const one of again) expect({ ...one, atMs: 0 }).toEqual({ ...first, atMs: 0 })
    }
  })

  it('have every kind of step that does not stop a process by design, many seeds taken together', () => {
    const kinds = new Set(SEEDS.flatMap((seed) => drawSchedule(seed).steps.map(kindOf)))
    const expected = [
      ...['pause', 'resume', 'kill', 'stop', 'start'].flatMap((what) =>
        ['sanitizer-0', 'sanitizer-1', 'projector-0', 'projector-1', 'consent-0'].map((who) => `${what} ${who}`),
      ),
      ...['kill', 'start', 'isolate', 'rejoin', 'cut', 'pauseMarkers', 'coordinatorAway', 'compact'],
      ...['flush', 'save', 'oldDump', 'down', 'up', 'failover', 'split', 'join', 'evict'].map((one) => `redis ${one}`),
      ...[
        'endTxn',
        'produce',
        'txnOffsetCommit',
        'initProducerId',
        'fetch',
        'listOffsets',
        'offsetFetch',
        'heartbeat',
      ].flatMap((api) => ['request', 'answer', 'late'].map((fate) => `${api} ${fate}`)),
      ...['grant now lasting', 'grant now short', 'grant nothing lasting', 'grant before lasting'],
      ...['withdraw now lasting', 'object now lasting', 'link now lasting', 'event', 'bad event'],
    ]
    expect(expected.filter((kind) => !kinds.has(kind))).toEqual([])
    expect([...kinds].filter((kind) => kind === 'loseOffsets' || kind === 'trim')).toEqual([])
  })

  it('often have a fault within a tenth of a second of a refusal', () => {
    const near = SEEDS.filter((seed) => {
      const { steps } = drawSchedule(seed)
      const refusals = steps.filter((step) => step.do === 'decide' && step.kind !== 'grant').map(({ atMs }) => atMs)
      const faults = steps.filter(({ do: what }) => !['event', 'decide', 'heal', 'end'].includes(what))
      return faults.some(({ atMs }) => refusals.some((refusal) => Math.abs(refusal - atMs) < 100))
    })
    expect(near.length).toBeGreaterThan(SEEDS.length * 0.6)
  })
})

describe('directed schedules', () => {
  it.each(DIRECTED)('%s goes forward in time, and its seed moves it', (name) => {
    const { steps } = directed(name)
    const moments = steps.map(({ atMs }) => atMs)
    expect(moments).toEqual([...moments].sort((a, b) => a - b))
    expect(directed(name, 3)).toEqual(directed(name, 3))
    expect(steps.at(-1)?.do).toBe('end')
    expect(steps.some(({ do: what }) => what === 'heal')).toBe(true)
  })
})
