import { expect, test } from 'vitest'
import type { Branch, BranchLeaf, LeafIs, Verb } from '../../model.ts'
import { compareBranches } from './compare-branches.ts'

const keep: Verb = { kind: 'keep' }
const leaf = (...path: string[]): BranchLeaf => ({ path, verb: keep })
const is = (path: string, ...constants: string[]): LeafIs => ({ path: [path], constants })
const health = { by: ['kind'], file: 'lists/h.txt', values: new Set(['pills']), needs: 'health' }

function branch(given: Partial<Branch>): Branch {
  return { leaves: [], events: [], only: [], sensitive: null, ...given }
}

interface Row {
  readonly name: string
  readonly before: Branch | null
  readonly after: Branch | null
  /** `about order text…` of each change. */
  readonly changes: readonly string[]
}

const kept = branch({ leaves: [leaf('a')] })

const ROWS: readonly Row[] = [
  { name: 'the same', before: kept, after: kept, changes: [] },
  { name: 'a leaf more', before: branch({}), after: kept, changes: ['leaf more'] },
  { name: 'a leaf less', before: kept, after: branch({}), changes: ['leaf less'] },
  { name: 'all after nothing', before: null, after: kept, changes: ['leaf more'] },
  { name: 'nothing after all', before: kept, after: null, changes: ['leaf less'] },
  {
    name: 'a key of a map more',
    before: branch({ leaves: [leaf('flags', '{risk}')] }),
    after: branch({ leaves: [leaf('flags', '{risk,channel}')] }),
    changes: ['leaf more'],
  },
  {
    name: 'keys of a map in another order',
    before: branch({ leaves: [leaf('flags', '{risk,channel}')] }),
    after: branch({ leaves: [leaf('flags', '{channel,risk}')] }),
    changes: [],
  },
  {
    name: 'another branch of a union',
    before: branch({ leaves: [leaf('action', '<View>', 'dwell')] }),
    after: branch({ leaves: [leaf('action', '<Buy>', 'dwell')] }),
    changes: ['leaf more', 'leaf less'],
  },
  {
    name: 'a leaf for some events more',
    before: kept,
    after: branch({ leaves: [leaf('a')], only: [{ when: [is('kind', 'buy')], leaves: [leaf('b')] }] }),
    changes: ['leaf more'],
  },
  {
    name: 'a leaf for all events that some had',
    before: branch({ only: [{ when: [is('kind', 'buy')], leaves: [leaf('b')] }] }),
    after: branch({ leaves: [leaf('b')] }),
    changes: ['leaf more'],
  },
  {
    name: 'a leaf for more kinds of events',
    before: branch({ only: [{ when: [is('kind', 'buy')], leaves: [leaf('b')] }] }),
    after: branch({ only: [{ when: [is('kind', 'buy', 'view')], leaves: [leaf('b')] }] }),
    changes: ['leaf more'],
  },
  {
    name: 'a leaf for other events',
    before: branch({ only: [{ when: [is('kind', 'buy')], leaves: [leaf('b')] }] }),
    after: branch({ only: [{ when: [is('kind', 'view')], leaves: [leaf('b')] }] }),
    changes: ['leaf mixed'],
  },
  {
    name: 'events where all gave output',
    before: kept,
    after: branch({ leaves: [leaf('a')], events: [is('kind', 'buy')] }),
    changes: ['events less'],
  },
  {
    name: 'an event more',
    before: branch({ leaves: [leaf('a')], events: [is('kind', 'buy')] }),
    after: branch({ leaves: [leaf('a')], events: [is('kind', 'buy', 'view')] }),
    changes: ['events more'],
  },
  {
    name: 'a condition on events more, and a constant more',
    before: branch({ leaves: [leaf('a')], events: [is('kind', 'buy')] }),
    after: branch({ leaves: [leaf('a')], events: [is('kind', 'buy', 'view'), is('land', 'IE')] }),
    changes: ['events mixed'],
  },
  {
    name: 'something sensitive left out',
    before: kept,
    after: branch({ leaves: [leaf('a')], sensitive: health }),
    changes: ['sensitive less'],
  },
  {
    name: 'nothing sensitive left out any more',
    before: branch({ leaves: [leaf('a')], sensitive: health }),
    after: kept,
    changes: ['sensitive more'],
  },
  {
    name: 'a shorter list of what is sensitive',
    before: branch({ sensitive: { ...health, values: new Set(['pills', 'spa']) } }),
    after: branch({ sensitive: health }),
    changes: ['sensitive more'],
  },
  {
    name: 'another purpose that lets it pass',
    before: branch({ sensitive: health }),
    after: branch({ sensitive: { ...health, needs: 'care' } }),
    changes: ['sensitive mixed'],
  },
]

test.each(ROWS)('$name', ({ before, after, changes }) => {
  expect(compareBranches(before, after).map(({ about, order }) => `${about} ${order}`)).toEqual(changes)
})

test('a list that grew is told with its new values', () => {
  const listed = (...values: string[]): BranchLeaf => ({
    path: ['q'],
    verb: { kind: 'in', file: 'lists/q.txt', values: new Set(values) },
  })
  const [change] = compareBranches(branch({ leaves: [listed('a')] }), branch({ leaves: [listed('a', 'b', 'c')] }))
  expect(change?.text).toBe('shows more of q: in(lists/q.txt) → in(lists/q.txt) (2 more: b, c)')
})
