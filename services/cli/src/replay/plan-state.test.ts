import type { Kafka } from '@weir/kafka'
import type { ReplayPlan } from '@weir/replay'
import { expect, test } from 'vitest'
import { planState } from './plan-state.ts'

/** What planState looks at before it asks anything. */
const PLAN: Pick<ReplayPlan, 'planId' | 'namespace'> = { planId: 'p', namespace: 'theirs.' }

test('A plan of another namespace is refused before its cluster is asked or written to', async () => {
  const asked: string[] = []
  const topics: Kafka['topics'] = async (names) => {
    asked.push(...(names ?? []))
    return []
  }
  const cluster = { kafka: { topics } as Partial<Kafka> as Kafka, namespace: 'ours.' }
  await expect(planState(cluster, PLAN as ReplayPlan)).rejects.toMatchObject({
    exitCode: 5,
    message: expect.stringMatching(/theirs\..*ours\./),
  })
  expect(asked).toEqual([])
})
