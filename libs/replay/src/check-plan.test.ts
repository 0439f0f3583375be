import { expect, test } from 'vitest'
import { aPlan } from '../fixtures/plan.ts'
import { checkPlan, type PlanFacts } from './check-plan.ts'
import { planDigest } from './plan.ts'
import type { PlanStatus } from './topics-record.ts'

const plan = aPlan()
const status = (over: Partial<PlanStatus>): PlanStatus => ({
  planId: plan.planId,
  stream: plan.stream,
  digest: planDigest(plan),
  status: 'started',
  atMs: plan.createdAtMs,
  offsets: 0,
  ...over,
})
const facts = (over: Partial<PlanFacts>): PlanFacts => ({
  nowMs: plan.createdAtMs,
  namespace: plan.namespace,
  contract: plan.contract,
  rawTopicId: plan.rawTopicId,
  earliest: [0, 0],
  committed: [-1, -1],
  status: null,
  ...over,
})

test.each<[string, Partial<PlanFacts>, string, RegExp]>([
  ['another contract', { contract: 'ef'.repeat(32) }, 'WEIR_PLAN_CONTRACT', /Plan again/],
  ['another namespace', { namespace: '' }, 'WEIR_PLAN_ELSEWHERE', /WEIR_NAMESPACE says none/],
  ['a raw topic made anew', { rawTopicId: '00'.repeat(16) }, 'WEIR_PLAN_ELSEWHERE', /made anew/],
  ['no raw topic', { rawTopicId: null }, 'WEIR_PLAN_ELSEWHERE', /not on this cluster/],
  ['too late', { nowMs: plan.expiresAtMs }, 'WEIR_PLAN_EXPIRED', /2023-11-17T22:13:20/],
  ['cancelled', { status: status({ status: 'cancelled' }) }, 'WEIR_PLAN_CANCELLED', /cancelled at 2023/],
  [
    'begun with another content',
    { status: status({ digest: Buffer.alloc(32) }) },
    'WEIR_PLAN_CHANGED',
    /another content/,
  ],
  ['its beginning gone', { earliest: [11, 0] }, 'WEIR_PLAN_RANGE_GONE', /offset 10 of partition 0.*below 11/],
  ['what is left of it gone', { earliest: [21, 0], committed: [20, 5] }, 'WEIR_PLAN_RANGE_GONE', /offset 20/],
])('refuses a plan: %s', (_, over, code, message) => {
  expect(() => checkPlan(plan, facts(over))).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  )
})

test.each<[string, Partial<PlanFacts>]>([
  ['fresh', {}],
  ['begun', { status: status({}), committed: [20, -1] }],
  ['of whose done part nothing is left in the log', { earliest: [20, 5], committed: [20, 5] }],
  ['all done, though late and without its log', { nowMs: plan.expiresAtMs, earliest: [99, 99], committed: [30, 5] }],
  ['completed, under another contract', { status: status({ status: 'completed' }), contract: 'ef'.repeat(32) }],
])('lets a plan go on that is %s', (_, over) => {
  checkPlan(plan, facts(over))
})
