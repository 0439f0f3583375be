import { CONSENT_PARTITIONS, type ConsentState, carriedId, decodeLedger, ledgerKey } from '@weir/consent'
import type { RunningConsentView } from '@weir/consent-view'
import {
  Closed,
  type FinishedBatch,
  type Kafka,
  type Member,
  type MemberOptions,
  NotAMember,
  OffsetOutOfRange,
  type TopicPosition,
  type TransactionalProducer,
  TransactionError,
  type TransactionFailure,
} from '@weir/kafka'
import { KeyRing, purposeKeys } from '@weir/pseudonym'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  countedSalts,
  decision,
  decisionRow,
  fakeFetcher,
  fakeView,
  fetchedRows,
  partitionOfRef,
  ref,
  rowsIn,
  tickRow,
} from '../fixtures/fakes.ts'
import type { Environment } from './environment.ts'
import { Loop } from './loop.ts'
import { makeProjectorMetrics } from './metrics.ts'

const ANN = ref(1)
const BOB = ref(2)
const AT = partitionOfRef(ANN)
const OTHER = (AT + 1) % CONSENT_PARTITIONS
const EMPTY = Buffer.alloc(0)
const NO_PURPOSES = { purposes: [], notices: [], untilMs: [] }

let running: Loop | null = null
afterEach(async () => {
  await running?.close()
  running = null
})

/** Everything outward in one ordered list of acts; the test queues what the ledger holds and how commits go. */
function setUp(
  options: {
    hangs?: 'init' | 'join' | 'committed?'
    committed?: number
    ledgerStart?: number
    stateEnd?: number
    stateRows?: boolean
    rootKeys?: KeyRing
    epoch?: number
  } = {},
) {
  const acts: string[] = []
  const ledger = fakeFetcher()
  const state = {
    committed: options.committed ?? 0,
    failures: [] as TransactionFailure[],
    /** How transactions fail to begin. */
    refusals: [] as TransactionFailure[],
    failed: [] as unknown[],
    writtenBatches: [] as FinishedBatch[],
    member: null as MemberOptions | null,
    topicId: 'a'.repeat(32) as string | null,
    produced: Promise.resolve() as Promise<void>,
    answer: Promise.resolve() as Promise<void>,
    aborted: async (): Promise<void> => {},
    reached: Promise.resolve() as Promise<void>,
    /** What is never answered: only the signal ends it. */
    hangs: (options.hangs ?? '') as 'init' | 'join' | 'committed?' | 'confirmed' | '',
    notAMember: 0,
  }
  const answered = async (act: typeof state.hangs, signal: AbortSignal | undefined) => {
    acts.push(act)
    if (state.hangs !== act) return
    await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Closed('The test'))))
  }
  const states = new Map<string, ConsentState>()
  const known = fakeView(states)
  const view: Pick<RunningConsentView, 'lookup' | 'reached' | 'onState' | 'topicId'> = {
    lookup: known.lookup,
    reached: async (positions) => {
      acts.push(`reached ${[...positions.values()].join()}`)
      await state.reached
    },
    onState: () => () => {},
    get topicId() {
      return state.topicId
    },
  }
  const member: Member = {
    groupId: 'projector',
    // What the process remembers of itself is no answer of the group.
    withIdentity: (use) => use({ groupId: 'projector', memberId: 'm', generation: 1 }),
    confirmed: async (signal) => {
      if (state.notAMember-- > 0) {
        acts.push('not a member')
        throw new NotAMember('projector')
      }
      await answered('confirmed', signal)
    },
    assigned: [AT],
    commit: async () => {},
    leave: async () => {},
  }
  const producer: TransactionalProducer = {
    init: (signal) => answered('init', signal),
    begin: async (_member, offsets: readonly TopicPosition[]) => {
      const refusal = state.refusals.shift()
      acts.push(refusal ?? `begin ${offsets.map(({ offset }) => offset).join()}`)
      if (refusal !== undefined) throw new TransactionError(refusal, 'test')
      return {
        produce: async (batches) => {
          state.writtenBatches.push(...batches)
          acts.push('produce')
          await state.produced
        },
        commit: async () => {
          const failure = state.failures.shift()
          acts.push(failure ?? 'commit')
          if (failure !== undefined) throw new TransactionError(failure, 'test')
          await state.answer
          state.committed = offsets[0]?.offset ?? 0
        },
        abort: async () => {
          acts.push('abort')
          await state.aborted()
        },
      }
    },
    close: async () => {},
  }
  const kafka: Pick<Kafka, 'committedOffsets' | 'endOffsets' | 'fetcher' | 'join'> = {
    committedOffsets: async (_groupId, _partitions, signal) => {
      await answered('committed?', signal)
      return [state.committed]
    },
    endOffsets: async ([asked], which) => {
      if (asked?.topic === 'consent.decisions') return [options.ledgerStart ?? 0]
      if (which === 'earliest') return [0]
      acts.push(`end? ${which}`)
      return [options.stateEnd ?? 9]
    },
    fetcher: ({ topic }) => {
      if (topic === 'consent.decisions') return ledger
      const fetcher = fakeFetcher()
      fetcher.queue.push([fetchedRows(topic, AT, 0, options.stateRows === false ? [] : [tickRow(0, 1)])])
      return fetcher
    },
    join: async (joined) => {
      state.member = joined
      if (state.hangs === 'join') await answered('join', joined.signal)
      await joined.onAssigned([AT])
      return member
    },
  }
  const env: Environment = {
    kafka,
    view,
    producer,
    groupId: 'projector',
    topics: { decisions: 'consent.decisions', state: 'consent.state', forget: 'consent.forget', forgetPartitions: 1 },
    purposeKeys: purposeKeys(options.rootKeys ?? new KeyRing([[1, Buffer.alloc(32, 1)]], 1)),
    salts: { ...countedSalts(), epoch: options.epoch ?? 1 },
    randomBelow: () => 0,
    monotonicMs: () => performance.now(),
    nowMs: () => 0,
    metrics: makeProjectorMetrics(new Registry()),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    fail: (error) => void state.failed.push(error),
  }
  const loop = new Loop(env, { started: () => {}, ended: () => {} })
  running = loop
  loop.start()
  const saw = (...expected: string[]) => vi.waitFor(() => expect(acts).toEqual(expected))
  return { loop, acts, ledger, state, states, saw }
}

const FIRST = ['init', 'committed?', 'end? high-watermark', 'reached 9']

describe('the projector’s loop', () => {
  it('reads the committed offset, then the high watermark, waits for the tail, and only then folds', async () => {
    const { ledger, saw, state } = setUp({ committed: 4 })
    await saw(...FIRST)
    expect(ledger.assigned.get(AT)).toBe(4)
    ledger.queue.push([
      fetchedRows('consent.decisions', AT, 4, [decisionRow(4, decision('grant', ANN)), tickRow(5, 1)]),
    ])
    await saw(...FIRST, 'begin 6', 'produce', 'commit')
    expect(state.writtenBatches.map(({ topic, recordCount }) => [topic, recordCount])).toEqual([['consent.state', 2]])
  })

  it('orders the pseudonym of an ended grant forgotten in the same transaction', async () => {
    const { ledger, saw, state } = setUp()
    await saw(...FIRST)
    const rows = [decisionRow(0, decision('grant', ANN)), decisionRow(1, decision('withdraw', ANN))]
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, rows)])
    await saw(...FIRST, 'begin 2', 'produce', 'commit')
    expect(state.writtenBatches.map(({ topic, recordCount }) => [topic, recordCount])).toEqual([
      ['consent.state', 2],
      ['consent.forget', 1],
    ])
  })

  it('carries a device’s refusal to the ledger of its subjects in the same transaction, and again after an abort', async () => {
    const { ledger, saw, state } = setUp()
    state.failures.push('aborted')
    await saw(...FIRST)
    const refusal = decision('withdraw', ANN)
    const rows = [decisionRow(0, decision('link', ANN, { ...NO_PURPOSES, linkedTo: BOB })), decisionRow(1, refusal)]
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, rows)])
    await saw(...FIRST, 'begin 2', 'produce', 'aborted', 'begin 2', 'produce', 'commit')
    const places = state.writtenBatches.map(({ topic, partition, recordCount }) => [topic, partition, recordCount])
    const once = [
      ['consent.state', AT, 2],
      ['consent.decisions', partitionOfRef(BOB), 1],
    ]
    expect(places).toEqual([...once, ...once])
    const [carried] = rowsIn(state.writtenBatches[3])
    expect(carried?.key).toEqual(ledgerKey(BOB, Buffer.alloc(16)))
    expect(decodeLedger(carried?.value ?? EMPTY)).toMatchObject({
      decision: { kind: 'withdraw', ref: BOB, source: 'link', decisionId: carriedId(refusal.decisionId, BOB) },
    })
  })

  it('stops, and takes no grant away, when the root key of an ended grant is not here', async () => {
    const rootKeys = new KeyRing([[2, Buffer.alloc(32, 2)]], 2)
    const { acts, ledger, saw, state } = setUp({ rootKeys, epoch: 1 })
    await saw(...FIRST)
    const rows = [decisionRow(0, decision('grant', ANN)), decisionRow(1, decision('withdraw', ANN))]
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, rows)])
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_KEY_EPOCH_MISSING', epoch: 1 }))
    expect(acts).toEqual(FIRST)
  })

  it('folds the same rows again after an abort', async () => {
    const { ledger, saw, state } = setUp()
    state.failures.push('aborted')
    await saw(...FIRST)
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN))])])
    await saw(...FIRST, 'begin 1', 'produce', 'aborted', 'begin 1', 'produce', 'commit')
  })

  it('after an unknown outcome initialises the producer, and only then asks what was committed', async () => {
    const { ledger, saw, state } = setUp()
    state.failures.push('unknown')
    await saw(...FIRST)
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN))])])
    await saw(
      ...FIRST,
      'begin 1',
      'produce',
      'unknown',
      'confirmed',
      'init',
      'committed?',
      'end? high-watermark',
      'reached 9',
    )
    expect(ledger.assigned.get(AT)).toBe(0)
  })

  it('recovers, and writes nothing, when a successor has folded further and the group has not said so yet', async () => {
    const { ledger, states, saw, state } = setUp()
    await saw(...FIRST)
    states.set(ANN, { position: 1, purposes: {}, recent: [] })
    state.refusals.push('fenced')
    state.notAMember = 1
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN))])])
    await saw(...FIRST, 'fenced', 'not a member', 'confirmed', ...FIRST)
    expect(state.failed).toEqual([])
    // It goes on where the group has it.
    ledger.queue.push([fetchedRows('consent.decisions', AT, 1, [decisionRow(1, decision('grant', ANN))])])
    await saw(...FIRST, 'fenced', 'not a member', 'confirmed', ...FIRST, 'begin 2', 'produce', 'commit')
  })

  it('recovers as often as a coordinator tells a place of long ago that it can’t take', async () => {
    const { ledger, states, saw, state } = setUp()
    await saw(...FIRST)
    states.set(ANN, { position: 1, purposes: {}, recent: [] })
    state.refusals.push('unknown', 'unknown')
    const old = [fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN))])]
    ledger.queue.push(old)
    await saw(...FIRST, 'unknown', 'confirmed', ...FIRST)
    // It is cut off from the other brokers, and says the same once more. Then its successor is found.
    ledger.queue.push(old)
    await saw(...FIRST, 'unknown', 'confirmed', ...FIRST, 'unknown', 'confirmed', ...FIRST)
    ledger.queue.push([fetchedRows('consent.decisions', AT, 1, [decisionRow(1, decision('grant', ANN))])])
    await vi.waitFor(() => expect(state.committed).toBe(2))
    expect(state.failed).toEqual([])
  })

  it('stops when a state is ahead of what the group has committed, as if it were of another ledger', async () => {
    const { ledger, states, saw, state } = setUp()
    await saw(...FIRST)
    states.set(ANN, { position: 7, purposes: {}, recent: [] })
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN))])])
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_CONSENT_FOLD_ORDER' }))
    await saw(...FIRST, 'begin 0', 'abort')
  })

  it('stops at a state of another ledger, whatever other partitions commit meanwhile', async () => {
    const { acts, ledger, loop, states, saw, state } = setUp()
    await saw(...FIRST)
    await state.member?.onAssigned([OTHER])
    states.set(ANN, { position: 7, purposes: {}, recent: [] })
    let polls = 0
    let ticks = 0
    ledger.poll = async () => {
      await new Promise((resolve) => setImmediate(resolve))
      if (loop.why !== '' || polls++ % 2 === 1) return []
      if (polls % 4 === 1) return [fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN))])]
      return [fetchedRows('consent.decisions', OTHER, ticks, [tickRow(ticks, ++ticks)])]
    }
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_CONSENT_FOLD_ORDER' }))
    expect(acts.at(-1)).toBe('abort')
  })

  it('takes no state for one of another ledger when it has lost the partition meanwhile', async () => {
    const { acts, ledger, states, saw, state } = setUp()
    await saw(...FIRST)
    states.set(ANN, { position: 7, purposes: {}, recent: [] })
    state.aborted = async () => state.member?.onLost([AT])
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN))])])
    await saw(...FIRST, 'begin 0', 'abort')
    state.aborted = async () => {}
    await state.member?.onAssigned([AT])
    await vi.waitFor(() => expect(acts.length).toBeGreaterThan(FIRST.length + 3))
    ledger.queue.push([fetchedRows('consent.decisions', AT, 7, [decisionRow(7, decision('grant', ANN))])])
    await vi.waitFor(() => expect(state.committed).toBe(8))
    expect(state.failed).toEqual([])
  })

  it('initialises the producer again only once the group has confirmed that it still has us', async () => {
    const { ledger, saw, state } = setUp()
    state.failures.push('fenced')
    state.notAMember = 1
    await saw(...FIRST)
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [tickRow(0, 1)])])
    await saw(...FIRST, 'begin 1', 'produce', 'fenced', 'not a member', 'confirmed', ...FIRST)
  })

  it.each(['init', 'join', 'committed?'] as const)('closes at once while %s is not answered', async (hangs) => {
    const { loop, acts } = setUp({ hangs })
    await vi.waitFor(() => expect(acts.at(-1)).toBe(hangs))
    await loop.close()
    expect(acts.at(-1)).toBe(hangs)
  })

  it.each(['confirmed', 'init', 'committed?'] as const)(
    'closes at once while %s is not answered in a recovery',
    async (hangs) => {
      const { loop, acts, ledger, saw, state } = setUp()
      state.failures.push('unknown')
      await saw(...FIRST)
      state.hangs = hangs
      ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [tickRow(0, 1)])])
      await vi.waitFor(() => expect(acts.indexOf(hangs, acts.indexOf('unknown'))).toBeGreaterThan(0))
      await loop.close()
      expect(acts.at(-1)).toBe(hangs)
    },
  )

  it('fails the process when its heartbeats have ended', async () => {
    const { saw, state } = setUp()
    await saw(...FIRST)
    const bug = new Error('a bug')
    state.member?.onStopped?.(bug)
    expect(state.failed).toEqual([bug])
  })

  it('finishes an open transaction before it gives a partition up, and folds nothing of it afterwards', async () => {
    const { ledger, loop, saw, acts, state } = setUp()
    await saw(...FIRST)
    const answer = Promise.withResolvers<void>()
    state.answer = answer.promise
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [tickRow(0, 1)])])
    await saw(...FIRST, 'begin 1', 'produce', 'commit')
    const rows = fetchedRows('consent.decisions', AT, 1, [tickRow(1, 2)])
    ledger.queue.push([rows])
    const revoked = state.member?.onRevoked([AT]).then(() => acts.push('given up'))
    await new Promise((resolve) => setImmediate(resolve))
    acts.push('answered')
    answer.resolve()
    await revoked
    expect(loop.lanes.size).toBe(0)
    expect(ledger.assigned.has(AT)).toBe(false)
    await vi.waitFor(() => expect(ledger.queue).toEqual([]))
    await saw(...FIRST, 'begin 1', 'produce', 'commit', 'answered', 'given up')
  })

  it('aborts an open transaction when a partition of it is lost', async () => {
    const { ledger, saw, state } = setUp()
    await saw(...FIRST)
    const answer = Promise.withResolvers<void>()
    state.produced = answer.promise
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [tickRow(0, 1)])])
    await saw(...FIRST, 'begin 1', 'produce')
    await state.member?.onLost([AT])
    answer.resolve()
    await saw(...FIRST, 'begin 1', 'produce', 'abort')
  })

  it('starts at the beginning of the ledger when nothing was ever folded', async () => {
    const { ledger, saw } = setUp({ committed: -1, stateEnd: 0 })
    await saw('init', 'committed?', 'end? high-watermark', 'reached 0')
    await vi.waitFor(() => expect(ledger.assigned.get(AT)).toBe(0))
  })

  it('stops when nothing is committed although states were written', async () => {
    const { state } = setUp({ committed: -1 })
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_LEDGER_OFFSET_LOST' }))
  })

  it('stops when nothing is committed and the ledger has lost its beginning', async () => {
    const { state } = setUp({ committed: -1, ledgerStart: 7 })
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_LEDGER_TRUNCATED' }))
  })

  it('stops when something was folded and consent.state holds nothing', async () => {
    const { state } = setUp({ committed: 5, stateEnd: 0 })
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_CONSENT_STATE_LOST' }))
  })

  it('stops when consent.state is made anew under it, and folds nothing into the new one', async () => {
    const { ledger, state, saw, acts } = setUp()
    await saw(...FIRST)
    ledger.queue.push([fetchedRows('consent.decisions', AT, 0, [tickRow(0, 1)])])
    await saw(...FIRST, 'begin 1', 'produce', 'commit')
    state.topicId = null
    ledger.queue.push([fetchedRows('consent.decisions', AT, 1, [decisionRow(1, decision('grant', ANN))])])
    await vi.waitFor(() => expect(ledger.queue).toEqual([]))
    state.topicId = 'b'.repeat(32)
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_CONSENT_STATE_REPLACED' }))
    expect(acts.at(-1)).toBe('commit')
  })

  it('stops, and resets nothing, when its position is not in the ledger', async () => {
    const { ledger, state, saw, acts } = setUp({ committed: 5 })
    await saw(...FIRST)
    ledger.poll = async () => {
      throw new OffsetOutOfRange('consent.decisions', AT, 5, 9)
    }
    await vi.waitFor(() => expect(state.failed[0]).toMatchObject({ code: 'WEIR_LEDGER_OFFSET_OUT_OF_RANGE' }))
    expect(acts).toEqual(FIRST)
  })

  it('stops a partition at a record that can’t be folded, commits what lies before it, and says so', async () => {
    const { ledger, loop, saw } = setUp()
    await saw(...FIRST)
    const bad = { offset: 1, timeMs: 0, key: Buffer.alloc(32), value: Buffer.of(9) }
    ledger.queue.push([
      fetchedRows('consent.decisions', AT, 0, [decisionRow(0, decision('grant', ANN)), bad, tickRow(2, 1)]),
    ])
    await saw(...FIRST, 'begin 1', 'produce', 'commit')
    await vi.waitFor(() => expect(loop.lanes.get(AT)?.state).toBe('stopped'))
    expect(loop.why).toMatch(/stopped/)
  })
})
