import { describe, expect, test } from 'vitest'
import { BrokerError } from '../errors.ts'
import { classOf, codeName, isCoordinatorMove, isRetriable, isStaleMetadata } from './error-codes.ts'
import { errorTable, type RequestName } from './error-table.ts'

const requests: readonly RequestName[] = [
  'Fetch',
  'ListOffsets',
  'OffsetFetch',
  'OffsetCommit',
  'Metadata',
  'FindCoordinator',
  'InitProducerId',
  'TxnOffsetCommit',
  'Produce',
  'Append',
  'EndTxn',
  'Heartbeat',
  'DeleteRecords',
]

describe('the table of error codes', () => {
  test('has each code of Kafka 4.1 once, -1 to 133', () => {
    expect(errorTable.map((row) => row.code)).toEqual(Array.from({ length: 135 }, (_, i) => i - 1))
    expect(new Set(errorTable.map((row) => row.name)).size).toBe(135)
  })

  test('gives a code that is not known no second try: fatal for what reads, outcome unknown for what writes', () => {
    const writing = requests.filter((request) => classOf(9_999, request) === 'recover')
    expect(writing).toEqual(['OffsetCommit', 'TxnOffsetCommit', 'Produce', 'Append', 'EndTxn'])
    for (const request of requests) {
      expect(isRetriable(9_999, request)).toBe(false)
      if (!writing.includes(request)) expect(classOf(9_999, request)).toBe('fatal')
    }
    expect(classOf(9_999)).toBe('fatal')
    expect(codeName(9_999)).toBe('ERROR_9999')
  })

  test('says of what is to be asked anew whether that is the leader or the coordinator, never both', () => {
    for (const { code, class: of, name } of errorTable) {
      const asks = [isStaleMetadata(code), isCoordinatorMove(code)].filter(Boolean).length
      expect(asks, name).toBe(of === 'refresh' ? 1 : 0)
    }
  })

  test('says of what fences who does', () => {
    for (const { class: of, points, name } of errorTable) {
      if (of === 'fenced') expect(['group', 'producer'], name).toContain(points)
    }
  })

  test('an error says its class by the request that it answers', () => {
    expect(new BrokerError(47, 'Produce', null, 'Produce').errorClass).toBe('fenced')
    expect(new BrokerError(47, 'Produce', null, 'Append').errorClass).toBe('recover')
    expect(new BrokerError(113, 'Heartbeat', null, 'Heartbeat').retriable).toBe(true)
    expect(new BrokerError(113, 'TxnOffsetCommit', null, 'TxnOffsetCommit').retriable).toBe(false)
  })
})
