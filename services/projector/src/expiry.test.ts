import {
  type ConsentState,
  type Decision,
  decodeLedger,
  encodeState,
  fold,
  refToBytes,
  stateKey,
  tickKey,
} from '@weir/consent'
import type { ConsentView, Row } from '@weir/consent-view'
import type { RecordToAppend } from '@weir/kafka'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { countedSalts, decision, fakeFetcher, fetchedRows, partitionOfRef, ref, tickRow } from '../fixtures/fakes.ts'
import { Expiry } from './expiry.ts'

const ANN = ref(1)
const BOB = ref(2)
const AT = partitionOfRef(ANN)

let running: Expiry | null = null
afterEach(async () => {
  await running?.close()
  running = null
})

function granted(of: typeof ANN, untilMs: number, position = 0): ConsentState {
  const made = decision('grant', of, { untilMs: [untilMs], decidedAtMs: 1 })
  return fold(null, made, { offset: position, appendTimeMs: 1 }, countedSalts()).state
}

function stateRow(offset: number, of: typeof ANN, state: ConsentState): Row {
  return { offset, timeMs: 1, key: stateKey(of), value: encodeState(state) }
}

/** `stored`: rows of consent.state at the partition of ANN, for each scan anew. */
function setUp(stored: () => readonly Row[] = () => []) {
  const appended: Decision[] = []
  const appends: RecordToAppend[][] = []
  const listeners = new Set<Parameters<ConsentView['onState']>[0]>()
  const state = {
    tickTimeMs: 0,
    failNext: false,
    errors: [] as unknown[],
    scans: 0,
    drawn: 0,
    neverRead: false,
    looks: 0,
    closed: 0,
  }
  const expiry = new Expiry({
    kafka: {
      endOffsets: async (_asked, which) => [which === 'earliest' ? 0 : Math.max(1, stored().length)],
      fetcher: ({ topic, isolation }) => {
        expect([topic, isolation]).toEqual(['consent.state', 'read_committed'])
        state.scans += 1
        const fetcher = fakeFetcher()
        const rows = stored().length === 0 ? [tickRow(0, 1)] : stored()
        if (!state.neverRead) fetcher.queue.push([fetchedRows(topic, AT, 0, rows)])
        const close = async () => {
          state.closed += 1
        }
        return { ...fetcher, close }
      },
    },
    appender: {
      append: async (topic, records) => {
        expect(topic).toBe('consent.decisions')
        appends.push([...records])
        if (state.failNext) {
          state.failNext = false
          throw new Error('unsure')
        }
        for (const { value } of records) {
          const record = decodeLedger(value ?? Buffer.alloc(0))
          if (record.kind === 'decision') appended.push(record.decision)
        }
        return records.map(() => 0)
      },
    },
    topics: { decisions: 'consent.decisions', state: 'consent.state' },
    view: {
      onState: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      get tickTimeMs() {
        state.looks += 1
        return state.tickTimeMs
      },
    },
    everyMs: 1,
    horizonMs: 80_000,
    maxRefs: 100,
    randomUuid: () => `00000000-0000-4000-8000-${String(++state.drawn).padStart(12, '0')}`,
    randomHex16: () => (++state.drawn).toString(16).padStart(32, '0'),
    onExpired: () => {},
    onError: (error) => void state.errors.push(error),
  })
  running = expiry
  const tail = (of: typeof ANN, made: ConsentState, partition = AT) => {
    for (const listener of listeners) listener(of, made, partition, 0)
  }
  /** What should not happen has had the time to: it was looked several times whether something is due. */
  const turns = () => {
    const before = state.looks
    return vi.waitFor(() => expect(state.looks - before).toBeGreaterThan(10))
  }
  return { expiry, appended, appends, state, tail, turns }
}

describe('expiry', () => {
  it('ends what a scan found, once the ledger’s clock has passed its until, in the partition of its ref', async () => {
    const { expiry, appended, appends, state, turns } = setUp(() => [
      stateRow(0, ANN, granted(ANN, 5_000)),
      tickRow(1, 1),
    ])
    expiry.add(AT)
    await turns()
    // Before the first tick nobody knows what time it is.
    expect(state.scans).toBe(0)
    state.tickTimeMs = 4_999
    await vi.waitFor(() => expect(state.scans).toBe(1))
    await turns()
    expect(appended).toEqual([])
    state.tickTimeMs = 5_000
    await vi.waitFor(() => expect(appended).toHaveLength(1))
    expect(appended[0]).toMatchObject({
      kind: 'expire',
      ref: ANN,
      purposes: ['marketing'],
      decidedAtMs: 5_000,
      source: 'projector',
      basedOn: -1,
    })
    expect(appends[0]?.[0]?.partition).toBe(AT)
    expect(appends[0]?.[0]?.key?.subarray(0, 16)).toEqual(refToBytes(ANN))
    await turns()
    expect(appended).toHaveLength(1)
  })

  it('ends what the tail brings, not what the tail says was renewed, and nothing of partitions given up', async () => {
    const { expiry, appended, state, tail, turns } = setUp()
    expiry.add(AT)
    state.tickTimeMs = 1_000
    tail(ANN, granted(ANN, 2_000, 1))
    tail(BOB, granted(BOB, 2_000, 1))
    tail(ANN, granted(ANN, 9_000, 2))
    tail(ref(3), granted(ref(3), 2_000), AT + 1)
    state.tickTimeMs = 2_000
    await vi.waitFor(() => expect(appended).toHaveLength(1))
    await turns()
    expect(appended.map((one) => one.ref)).toEqual([BOB])
    expiry.remove(AT)
    expiry.add(AT + 2)
    state.tickTimeMs = 9_000
    await turns()
    expect(appended).toHaveLength(1)
  })

  it('appends again when it is not known whether it was appended', async () => {
    const { expiry, appended, appends, state, tail } = setUp()
    expiry.add(AT)
    state.failNext = true
    state.tickTimeMs = 2_000
    tail(ANN, granted(ANN, 2_000))
    await vi.waitFor(() => expect(appended).toHaveLength(1))
    expect(appends).toHaveLength(2)
    expect(state.errors).toHaveLength(1)
  })

  it('appends again when the fold found the grant running still: its clock was behind the tick’s', async () => {
    const { expiry, appended, state, tail } = setUp()
    expiry.add(AT)
    state.tickTimeMs = 2_000
    tail(ANN, granted(ANN, 2_000, 1))
    await vi.waitFor(() => expect(appended).toHaveLength(1))
    tail(ANN, { ...granted(ANN, 2_000, 1), position: 3 })
    await vi.waitFor(() => expect(appended).toHaveLength(2))
  })

  it('scans again before the horizon is over, and finds what lay behind it', async () => {
    const { expiry, appended, state, turns } = setUp(() => [stateRow(0, ANN, granted(ANN, 85_000))])
    expiry.add(AT)
    state.tickTimeMs = 2_000
    await vi.waitFor(() => expect(state.scans).toBe(1))
    state.tickTimeMs = 71_000
    await turns()
    expect(state.scans).toBe(1)
    state.tickTimeMs = 72_000
    await vi.waitFor(() => expect(state.scans).toBe(2))
    state.tickTimeMs = 85_000
    await vi.waitFor(() => expect(appended).toHaveLength(1))
  })

  it('does not wait for a scan: what the tail brings is ended while one hangs, and closing ends it', async () => {
    const { expiry, appended, state, tail } = setUp()
    state.neverRead = true
    state.tickTimeMs = 2_000
    expiry.add(AT)
    await vi.waitFor(() => expect(state.scans).toBe(1))
    tail(ANN, granted(ANN, 2_000))
    await vi.waitFor(() => expect(appended).toHaveLength(1))
    await expiry.close()
    expect(state.errors).toEqual([])
  })

  it('lets others run while it reads: some hundred states at a time', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => stateRow(i, ref(i + 1), granted(ref(i + 1), 1e12)))
    const { expiry, state } = setUp(() => [...many, { offset: 5_000, timeMs: 1, key: tickKey, value: Buffer.of(1) }])
    let others = 0
    const count = () => {
      others += state.scans
      if (state.closed === 0) setImmediate(count)
    }
    setImmediate(count)
    state.tickTimeMs = 2_000
    expiry.add(AT)
    await vi.waitFor(() => expect(state.closed).toBe(1))
    expect(others).toBeGreaterThan(5_000 / 200)
  })
})
