import { join } from 'node:path'
import { loadContracts } from '@weir/contracts'
import type { ReplayPlan } from '@weir/replay'
import { expect, it } from 'vitest'
import { contractsOfReplay } from './replay-contracts.ts'
import { subjectSpecs } from './subjects.ts'
import { topicSpecs } from './topics.ts'

const contracts = loadContracts(join(import.meta.dirname, '../contracts'))
const plan: ReplayPlan = {
  version: 1,
  planId: '0b8e4f0e-4c0b-4d5e-9b53-6d7f3c2a1f00',
  createdAtMs: 0,
  expiresAtMs: 1,
  namespace: 'test.',
  stream: 'clickstream',
  rawTopic: 'test.clickstream.raw',
  rawTopicId: 'ab'.repeat(16),
  ranges: [{ partition: 0, from: 0, to: 1 }],
  contract: 'cd'.repeat(32),
  into: 'new',
  outputs: [{ purpose: 'marketing', topic: 'test.clickstream.marketing.replay-0b8e4f0e' }],
  rate: null,
  found: { records: 1, faulty: 0, bytes: 1, seconds: 1, offsets: 1, auditedOffsets: 0, outputs: [] },
}

it('gives what is replayed the settings and schema of the live topic, and no topic of its own for orders to forget', () => {
  const of = (live: boolean) => {
    const own = live ? contracts : contractsOfReplay(contracts, plan)
    const specs = topicSpecs(own, { namespace: 'test.', rawPartitions: 3, isReplay: !live })
    return { topics: new Map(specs.map((spec) => [spec.topic, spec])), subjects: subjectSpecs(own, 'test.') }
  }
  const [live, replay] = [of(true), of(false)]
  const topic = 'test.clickstream.marketing.replay-0b8e4f0e'
  const added = [...replay.topics.keys()].filter((name) => !live.topics.has(name))
  expect(added).toEqual([topic])
  expect(replay.topics.get(topic)).toEqual({ ...live.topics.get('test.clickstream.marketing'), topic })
  const schema = (name: string, { subjects }: typeof live) =>
    subjects.find(({ subject }) => subject === `${name}-value`)
  expect(schema(topic, replay)?.schema).toEqual(schema('test.clickstream.marketing', live)?.schema)
})

it.each([
  ['stream', { ...plan, stream: 'cinema' }],
  ['purpose', { ...plan, outputs: [{ purpose: 'ads', topic: 'test.x' }] }],
])('refuses a plan with a %s that the contract has not', (_, other) => {
  expect(() => contractsOfReplay(contracts, other)).toThrow(expect.objectContaining({ code: 'WEIR_PLAN_CONTRACT' }))
})
