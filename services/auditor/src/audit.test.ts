import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { audit } from './audit.ts'
import type { Chunk } from './chunk.ts'
import type { Batch, TopicLog } from './evidence.ts'
import { auditedOf, auditValue, batchOf, evidenceOf, logOf, ROOT_KEY } from './fixtures.ts'

const CONTRACT = 'ab'.repeat(32)
const OTHER = [8, 1] as const
const outputs = ['analytics', 'marketing', 'personalization'].map((purpose) => {
  return { purpose, topic: `clickstream.${purpose}`, granted: 0, stripped: 0, withheld: 0 }
})

const found = async (audits: readonly Batch[], ...topics: readonly TopicLog[]) => {
  const evidence = evidenceOf({
    audit: logOf('weir.audit', audits),
    contracts: new Map([[CONTRACT, resolve(import.meta.dirname, '../../../infra/contracts')]]),
    rootKeys: new Map([[1, ROOT_KEY]]),
    topics: new Map([logOf('clickstream.raw'), ...topics].map((log) => [log.topic, log])),
  })
  const { findings } = await audit(evidence)
  return findings.map(({ what, topic, found }) => `${what} ${topic}: ${found}`)
}

const chunk = (some: Partial<Chunk> = {}, producer?: readonly [number, number]) =>
  batchOf([{ value: auditValue(auditedOf({ contract: CONTRACT, outputs, ...some })) }], 1_000, producer)

describe('records that no audit record accounts for', () => {
  it('are found where there is no audit record at all', async () => {
    expect(await found([], logOf('clickstream.marketing', [batchOf([{}])]))).toEqual([
      'no-audit-record clickstream.marketing: one without',
    ])
  })

  it('are found in a topic that the audit record of their transaction does not name', async () => {
    const some = { outputs: outputs.filter(({ purpose }) => purpose !== 'marketing') }
    const all = await found([chunk(some)], logOf('clickstream.marketing', [batchOf([{}])]))
    expect(all).toContain('no-audit-record clickstream.marketing: one whose audit record does not name this topic')
  })

  it('are found in quarantine too', async () => {
    expect(await found([chunk()], logOf('clickstream.quarantine', [batchOf([{}], 1_000, OTHER)]))).toEqual([
      'no-audit-record clickstream.quarantine: one without',
    ])
  })

  it('are all those outside of transactions, also when an audit record stands there with them', async () => {
    const outside = [-1, -1] as const
    const all = await found([chunk({}, outside)], logOf('clickstream.marketing', [batchOf([{}], 1_000, outside)]))
    expect(all).toEqual([
      'wrong-audit-record weir.audit: one outside of a transaction',
      'no-audit-record clickstream.marketing: one without',
    ])
  })
})

it('does not say that nothing is violated for a purpose that no contract has', async () => {
  const evidence = evidenceOf({ purposes: new Set(['marketting']) })
  await expect(audit(evidence)).rejects.toThrow('no contract that is given has marketting')
})

describe('the count of what is quarantined', () => {
  it('is that of rows that can not be processed', async () => {
    const log = logOf('clickstream.quarantine')
    expect(await found([chunk({ quarantined: 1 })], log)).toEqual(['wrong-audit-record weir.audit: 1'])
    expect(await found([chunk()], log)).toEqual([])
  })
})
