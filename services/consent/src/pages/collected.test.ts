import { describe, expect, it } from 'vitest'
import { contracts, personalization } from '../../fixtures/contracts.ts'
import { collectedFor } from './collected.ts'

describe('what a purpose collects', () => {
  it('has what only some events show, once', () => {
    const [stream] = contracts.streams
    const [output] = stream?.outputs ?? []
    if (stream === undefined || output === undefined) throw new Error('the fixture has an output')
    const added = { path: ['occurredAt'], verb: { kind: 'month' } as const }
    const policies = output.policies.map((policy) => ({
      ...policy,
      granted: { ...policy.granted, only: [1, 2].map(() => ({ when: [], leaves: [added] })) },
    }))
    const changed = { ...contracts, streams: [{ ...stream, outputs: [{ ...output, policies }] }] }
    const [before, after] = [contracts, changed].map((one) => collectedFor(personalization, one)[0]?.granted)
    expect(after).toEqual([...(before ?? []), { how: 'Only the month', what: ['When it happened.'] }])
  })
})
