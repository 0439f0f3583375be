import type { Row } from '@weir/consent-view'
import { expect, it } from 'vitest'
import { fakeFetcher, fetchedRows, tickRow } from '../fixtures/fakes.ts'
import { startPosition } from './start-position.ts'

const AT = 3

interface World {
  readonly committed: number
  /** consent.state: first and next offset, and what lies between. */
  readonly state: { readonly start?: number; readonly end: number; readonly rows?: readonly Row[] }
}

function start({ committed, state }: World): Promise<number> {
  const { start: first = 0, end, rows = [] } = state
  const fetcher = fakeFetcher()
  fetcher.queue.push([fetchedRows('consent.state', AT, end - rows.length, rows)])
  const env = {
    groupId: 'projector',
    topics: { decisions: 'consent.decisions', state: 'consent.state', forget: 'consent.forget', forgetPartitions: 1 },
    view: { reached: async () => {} },
    kafka: {
      committedOffsets: async () => [committed],
      endOffsets: async ([asked]: readonly { topic: string }[], which: string) => {
        if (asked?.topic === 'consent.decisions') return [0]
        return [which === 'earliest' ? first : end]
      },
      fetcher: () => fetcher,
    },
  }
  return startPosition(env, AT, new AbortController().signal)
}

it('goes on at the committed offset though consent.state, folded again from a compacted ledger, is shorter', async () => {
  expect(await start({ committed: 500, state: { end: 3, rows: [tickRow(2, 9)] } })).toBe(500)
})

it.each([
  ['made anew', { end: 0 }],
  ['emptied by a retention it must not have', { start: 900, end: 900 }],
])('stops when something was folded and consent.state holds none of it: %s', async (_what, state) => {
  await expect(start({ committed: 500, state })).rejects.toMatchObject({ code: 'WEIR_CONSENT_STATE_LOST' })
})

it('begins at the start where nothing was folded yet', async () => {
  expect(await start({ committed: 0, state: { end: 0 } })).toBe(0)
  expect(await start({ committed: -1, state: { end: 0 } })).toBe(0)
})
