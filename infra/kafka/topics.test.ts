import { join } from 'node:path'
import { loadContracts } from '@weir/contracts'
import { describe, expect, it } from 'vitest'
import { topicSpecs } from './topics.ts'

const contracts = loadContracts(join(import.meta.dirname, '../contracts'))
const specs = topicSpecs(contracts, { namespace: 'test.', rawPartitions: 6 })

function spec(name: string) {
  const found = specs.find((one) => one.topic === `test.${name}`)
  if (found === undefined) throw new Error(`no topic ${name}`)
  return found
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('the topics of a contract', () => {
  it('are those of the consent protocol and the audit, and raw, quarantine and two for each purpose of a stream', () => {
    expect(specs.map((one) => one.topic)).toEqual([
      'test.consent.decisions',
      'test.consent.state',
      'test.consent.forget',
      'test.weir.acts',
      'test.weir.topics',
      'test.weir.audit',
      'test.clickstream.raw',
      'test.clickstream.quarantine',
      'test.clickstream.personalization',
      'test.clickstream.personalization.forget',
      'test.clickstream.analytics',
      'test.clickstream.analytics.forget',
      'test.clickstream.marketing',
      'test.clickstream.marketing.forget',
    ])
  })

  it('give consent topics sixteen partitions whatever is asked, the list of topics one, and the others what is asked', () => {
    expect(specs.map((one) => one.partitions)).toEqual([16, 16, 16, 1, 1, ...new Array(9).fill(6)])
  })

  it('compact ledger and state, and roll and clean the state each hour so that ended salts leave the disk', () => {
    expect(spec('consent.decisions').config['cleanup.policy']).toBe('compact')
    expect(spec('consent.state').config).toMatchObject({
      'cleanup.policy': 'compact',
      'segment.ms': String(HOUR),
      'max.compaction.lag.ms': String(HOUR),
    })
  })

  it('let the broker stamp what is dated against decisions, and never a clean record', () => {
    const stamped = specs.filter((one) => one.config['message.timestamp.type'] === 'LogAppendTime')
    expect(stamped.map((one) => one.topic)).toEqual([
      'test.consent.decisions',
      'test.consent.state',
      'test.weir.acts',
      'test.weir.topics',
      'test.weir.audit',
      'test.clickstream.raw',
    ])
    expect(spec('clickstream.analytics').config['message.timestamp.type']).toBe('CreateTime')
  })

  it('take a raw record of the largest size into quarantine, sealed and padded', () => {
    const largest = Number(spec('clickstream.raw').config['max.message.bytes'])
    // Padding goes to the next power of two, which is at most twice the size; what goes around it is small.
    expect(Number(spec('clickstream.quarantine').config['max.message.bytes'])).toBeGreaterThan(4 * largest)
  })

  it("undo a producer's compression, behind which a record of any size could hide", () => {
    expect(spec('clickstream.raw').config['compression.type']).toBe('uncompressed')
  })

  it('keep a clean record as long as its policy says, and at most a day longer', () => {
    expect(spec('clickstream.personalization').config).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(90 * DAY),
      'segment.ms': String(DAY),
    })
    for (const { config } of specs.filter((one) => one.config['cleanup.policy'] === 'delete')) {
      expect(Number(config['segment.ms'])).toBeLessThanOrEqual(DAY)
    }
  })

  it('keep what is to be forgotten for good, and audit records as long as raw ones', () => {
    expect(spec('clickstream.analytics.forget').config).toMatchObject({
      'cleanup.policy': 'compact',
      'message.timestamp.type': 'CreateTime',
    })
    expect(spec('weir.audit').config['retention.ms']).toBe(spec('clickstream.raw').config['retention.ms'])
  })

  it('never let a replica lead that lacks acknowledged records', () => {
    expect(specs.every((one) => one.config['unclean.leader.election.enable'] === 'false')).toBe(true)
  })
})
