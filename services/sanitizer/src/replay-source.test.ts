import { resolve } from 'node:path'
import { loadContracts } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { type ReplayPlan, replayTopic } from '@weir/replay'
import { expect, test } from 'vitest'
import { replaySource } from './replay-source.ts'

const [STREAM] = loadContracts(resolve(import.meta.dirname, '../../../infra/contracts')).streams
if (STREAM === undefined) throw new Error('the sample has a stream')
const PLAN_ID = '0b8e4f0e-0000-4000-8000-000000000000'

const PLAN: ReplayPlan = {
  version: 1,
  planId: PLAN_ID,
  createdAtMs: 0,
  expiresAtMs: 1,
  namespace: 'n.',
  stream: 'clickstream',
  rawTopic: 'n.clickstream.raw',
  rawTopicId: 'id',
  ranges: [{ partition: 0, from: 0, to: 1 }],
  contract: 'ab'.repeat(32),
  into: 'live',
  outputs: [{ purpose: 'analytics', topic: 'n.clickstream.analytics' }],
  rate: null,
  found: { records: 0, faulty: 0, bytes: 0, seconds: 0, offsets: 1, auditedOffsets: 0, outputs: [] },
}

function source(changed: Partial<ReplayPlan>) {
  const kafka: Partial<Kafka> = {}
  return replaySource({ ...PLAN, ...changed }, '0', {
    kafka: kafka as Kafka,
    stream: STREAM as NonNullable<typeof STREAM>,
    rawTopic: 'n.clickstream.raw',
    contract: Buffer.from(PLAN.contract, 'hex'),
    name: (plain) => `n.${plain}`,
    signal: new AbortController().signal,
  })
}

test('A plan is taken whose topics are the contract’s, or new ones made after these', () => {
  expect(source({})).toMatchObject({
    topic: 'n.clickstream.raw',
    groupId: `n.replay.clickstream.${PLAN_ID}`,
    transactionalId: `n.replay.clickstream.${PLAN_ID}.0`,
    kind: 'replay',
  })
  const topic = replayTopic('n.clickstream.analytics', PLAN_ID)
  expect(source({ into: 'new', outputs: [{ purpose: 'analytics', topic }] }).topic).toBe('n.clickstream.raw')
})

test('A plan is refused when the contract changed between the check and the start', () => {
  expect(() => source({ contract: 'cd'.repeat(32) })).toThrow(expect.objectContaining({ code: 'WEIR_PLAN_CONTRACT' }))
})

test.each<[string, Partial<ReplayPlan>]>([
  ['another raw topic', { rawTopic: 'n.cinema.raw' }],
  ['another purpose’s topic', { outputs: [{ purpose: 'analytics', topic: 'n.clickstream.marketing' }] }],
  ['any other topic', { outputs: [{ purpose: 'analytics', topic: 'n.clickstream.raw' }] }],
  [
    'a new topic of another purpose',
    { into: 'new', outputs: [{ purpose: 'analytics', topic: replayTopic('n.clickstream.marketing', PLAN_ID) }] },
  ],
  ['a purpose that is not there', { outputs: [{ purpose: 'lottery', topic: 'n.clickstream.lottery' }] }],
])('A plan that names %s is refused', (_, changed) => {
  expect(() => source(changed)).toThrow(expect.objectContaining({ code: 'WEIR_PLAN_CONTRACT' }))
})
