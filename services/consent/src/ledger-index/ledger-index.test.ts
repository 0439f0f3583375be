import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeLedger, type SubjectRef } from '@weir/consent'
import { type Fetcher, OffsetOutOfRange } from '@weir/kafka'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openDatabase } from './database.ts'
import { LedgerIndex } from './ledger-index.ts'
import { LedgerStore } from './store.ts'

const ID = '00000000-0000-4000-8000-000000000001'
const REF = 'a'.repeat(32) as SubjectRef
const PARTITION = 3
const NEXT = 9
let folder: string
let index: LedgerIndex
let world: {
  topicId: string
  earliest: number
  polls: (() => void)[]
  assigned: [partition: number, position: number][][]
  events: string[]
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-ledger-index-'))
  const store = new LedgerStore(openDatabase({ folder, name: 'ledger', topicId: 'a', anew: false }))
  store.add(PARTITION, [{ kind: 'decision', decisionId: ID, ref: REF, offset: 7, appendTimeMs: 1, record }], NEXT)
  store.close()
  world = { topicId: 'a', earliest: 0, polls: [], assigned: [], events: [] }
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  index = new LedgerIndex({
    kafka: {
      topics: async () => [{ topic: 'ledger', topicId: world.topicId, partitions: 16 }],
      endOffsets: async () => [world.earliest],
      fetcher: () => fetcher(),
    },
    topic: 'ledger',
    folder,
    onAdded: () => {},
    onEvent: ({ kind, message }) => world.events.push(`${kind}: ${message}`),
  })
})
afterEach(async () => {
  const closed = index.close()
  await vi.advanceTimersByTimeAsync(5_000)
  await closed
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

const record = encodeLedger({
  kind: 'decision',
  decision: {
    kind: 'withdraw',
    decisionId: ID,
    ref: REF,
    purposes: ['analytics'],
    decidedAtMs: 5,
    source: 'api',
    notices: [0],
    jurisdiction: null,
    untilMs: [null],
    basedOn: -1,
  },
})

/** Brings nothing; each poll does what the test put in line, if it did. */
function fetcher(): Fetcher {
  const assigned: [number, number][] = []
  world.assigned.push(assigned)
  return {
    assign: (partition, position) => void assigned.push([partition, position]),
    unassign: () => {},
    async poll(waitMs) {
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      world.polls.shift()?.()
      return []
    },
    close: async () => {},
  }
}

function outOfRange(asked: number): () => never {
  return () => {
    throw new OffsetOutOfRange('ledger', PARTITION, asked, -1)
  }
}

async function start(): Promise<void> {
  index.start()
  await vi.advanceTimersByTimeAsync(500)
  expect(index.find(ID)?.offset).toBe(7)
  expect(world.assigned).toHaveLength(1)
  expect(world.assigned[0]).toContainEqual([PARTITION, NEXT])
}

test('goes on where it stood', async () => {
  await start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(world.assigned).toHaveLength(1)
})

test('begins anew when the topic was made anew, though the broker still answers at its positions', async () => {
  await start()
  world.topicId = 'b'
  await vi.advanceTimersByTimeAsync(10_000)
  expect(world.events.at(-2)).toMatch(/made anew/)
  expect(world.assigned[1]).toContainEqual([PARTITION, 0])
  expect(index.find(ID)).toBeNull()
})

test('begins anew when the ledger was cut back below what it holds', async () => {
  await start()
  world.polls.push(outOfRange(NEXT))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(world.assigned).toHaveLength(2)
  expect(world.assigned[1]).toContainEqual([PARTITION, 0])
  expect(index.find(ID)).toBeNull()
})

test('goes on with what is left when the beginning of the ledger was deleted', async () => {
  await start()
  world.earliest = 40
  world.polls.push(outOfRange(NEXT))
  await vi.advanceTimersByTimeAsync(5_000)
  expect(world.assigned).toHaveLength(1)
  expect(world.assigned[0]?.at(-1)).toEqual([PARTITION, 40])
  expect(index.find(ID)).not.toBeNull()
})

test('goes on after an error, where it stood, and says why', async () => {
  await start()
  const away = () => {
    throw new Error('no broker')
  }
  world.polls.push(away)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(world.events.slice(-2)).toEqual([expect.stringContaining('no broker'), expect.stringContaining('following')])
  expect(world.assigned.at(-1)).toContainEqual([PARTITION, NEXT])
})

test('begins anew when its file turns out to be damaged while somebody asks', async () => {
  index.start()
  await vi.advanceTimersByTimeAsync(500)
  // All pages but the first, which says that it is a database; none of the decisions' was read yet.
  const path = join(folder, 'ledger.sqlite')
  const pages = readFileSync(path).fill(0x5a, 4096)
  writeFileSync(path, pages, { flag: 'r+' })
  expect(index.find(ID)).toBeNull()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(world.events).toEqual([
    expect.stringContaining('following'),
    expect.stringContaining('malformed'),
    expect.stringContaining('begins anew'),
    expect.stringContaining('following'),
  ])
  expect(world.assigned).toHaveLength(2)
  expect(world.assigned[1]).toContainEqual([PARTITION, 0])
})
