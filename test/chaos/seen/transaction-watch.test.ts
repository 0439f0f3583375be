import { beforeEach, describe, expect, test } from 'vitest'
import { Api } from '../../support/kafka-proxy.ts'
import {
  endTxn,
  offsets,
  offsetsAnswer,
  plainAnswer,
  produceAnswer,
  request,
  transactional,
} from '../fixtures/frames.ts'
import { type Phase, TransactionWatch } from './transaction-watch.ts'

const CONCURRENT_TRANSACTIONS = 51
const PRODUCER_FENCED = 90

describe("a process's transaction, seen from outside", () => {
  let heard: string[]
  let phases: Phase[]
  let watch: TransactionWatch
  beforeEach(() => {
    heard = []
    phases = []
    watch = new TransactionWatch({
      onCommit: (positions) => heard.push(`commit ${positions.map((position) => position.join(':'))}`),
      onAbort: (by) => heard.push(`abort by ${by}`),
      onFenced: (code) => heard.push(code),
      onPhase: (phase) => phases.push(phase),
    })
  })

  test('is open from the answer to its opener until the answer to its EndTxn', () => {
    const opener = ask(Api.txnOffsetCommit, offsets([[3, 70]]))
    expect(watch.phase).toBe('opening')
    answer(Api.txnOffsetCommit, opener, offsetsAnswer(0))
    expect(watch.isOpen).toBe(true)
    answer(Api.produce, ask(Api.produce, transactional()), produceAnswer(0))
    const end = ask(Api.endTxn, endTxn(true))
    expect(watch).toMatchObject({ phase: 'ending', isOpen: true })
    answer(Api.endTxn, end, plainAnswer(0))
    expect(phases).toEqual(['opening', 'open', 'ending', 'none'])
    expect(heard).toEqual(['commit 3:70'])
    expect(watch.commits).toBe(1)
    expect([...watch.owned]).toEqual([3])
  })

  test('does not open while the one before it is being ended, nor by what is in no transaction', () => {
    answer(Api.txnOffsetCommit, ask(Api.txnOffsetCommit, offsets([[0, 1]])), offsetsAnswer(CONCURRENT_TRANSACTIONS))
    expect(watch.phase).toBe('opening')
    const other = new TransactionWatch({ onCommit() {}, onAbort() {}, onFenced() {}, onPhase() {} })
    other.asked({ apiKey: Api.produce, frame: request(Buffer.of(0)) })
    expect(other.phase).toBe('none')
  })

  test('stays open for a process that never hears of its commit, which is known here all the same', () => {
    opened()
    const end = ask(Api.endTxn, endTxn(true))
    answer(Api.endTxn, end, plainAnswer(0), false)
    expect(heard).toEqual(['commit 0:1'])
    expect(watch.isOpen).toBe(true)
    answer(Api.endTxn, ask(Api.endTxn, endTxn(true)), plainAnswer(0))
    expect(heard).toEqual(['commit 0:1'])
    expect(watch.phase).toBe('none')
  })

  test('is not ended by a late answer about the one before it', () => {
    opened()
    const first = ask(Api.endTxn, endTxn(true))
    answer(Api.endTxn, ask(Api.endTxn, endTxn(true)), plainAnswer(0))
    opened()
    answer(Api.endTxn, first, plainAnswer(0))
    expect(watch.phase).toBe('open')
    expect(watch.commits).toBe(1)
  })

  test('is aborted by its process, by the coordinator, or by the next InitProducerId', () => {
    opened()
    answer(Api.endTxn, ask(Api.endTxn, endTxn(false)), plainAnswer(0))
    opened()
    answer(Api.endTxn, ask(Api.endTxn, endTxn(true)), plainAnswer(PRODUCER_FENCED))
    opened()
    answer(Api.initProducerId, ask(Api.initProducerId, Buffer.alloc(0)), plainAnswer(0))
    expect(heard).toEqual(['abort by process', 'PRODUCER_FENCED', 'abort by broker', 'abort by broker'])
  })

  test('tells who was fenced by what, each response once', () => {
    const heartbeat = ask(Api.heartbeat, Buffer.alloc(0))
    const response = plainAnswer(110)
    answer(Api.heartbeat, heartbeat, response, false)
    answer(Api.heartbeat, heartbeat, response)
    expect(heard).toEqual(['FENCED_MEMBER_EPOCH'])
  })

  function opened(): void {
    answer(Api.txnOffsetCommit, ask(Api.txnOffsetCommit, offsets([[0, 1]])), offsetsAnswer(0))
  }

  function ask(apiKey: number, body: Buffer): Buffer {
    const frame = request(body)
    watch.asked({ apiKey, frame })
    return frame
  }

  function answer(apiKey: number, frame: Buffer, response: Buffer, reaches = true): void {
    watch.answered({ apiKey, frame }, response, reaches)
  }
})
