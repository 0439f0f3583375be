import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONSENT_PARTITIONS, type ErasureStep, encodeLedger, refToBytes, type SubjectRef } from '@weir/consent'
import { partitionOf } from '@weir/kafka'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import { type LedgerRow, LedgerStore } from './store.ts'

const ID = '00000000-0000-4000-8000-000000000001'
const REF = 'a'.repeat(32) as SubjectRef
const OTHER = 'b'.repeat(32) as SubjectRef
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-ledger-index-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(changes: Partial<Parameters<typeof openDatabase>[0]> = {}): LedgerStore {
  return new LedgerStore(openDatabase({ folder, name: 'ledger', topicId: 'a', anew: false, ...changes }))
}

function row(offset: number, kind: 'grant' | 'withdraw' | 'erase', decisionId = ID, ref = REF): LedgerRow {
  const record = encodeLedger({
    kind: 'decision',
    decision: {
      kind,
      decisionId,
      ref,
      purposes: ['analytics'],
      decidedAtMs: 5,
      source: 'api',
      notices: [1],
      jurisdiction: null,
      untilMs: [null],
      basedOn: -1,
    },
  })
  return { kind: 'decision', decisionId, ref, offset, appendTimeMs: 1000 + offset, record }
}

/** One decision at offset 7 of partition 3, in an index that is closed again. */
function filled(): void {
  const store = open()
  store.add(3, [row(7, 'grant')], 9)
  store.close()
}

describe('the index', () => {
  test('holds after a restart what it held, and where it stood', () => {
    filled()
    const store = open()
    expect(store.find(ID)).toMatchObject({
      decision: { kind: 'grant', notices: [1], source: 'api' },
      partition: 3,
      offset: 7,
      appendTimeMs: 1007,
    })
    expect(store.positions()[3]).toBe(9)
    store.close()
  })

  test.each([
    ['another topic of the same name', { topicId: 'b' }],
    ['a ledger that was cut back', { anew: true }],
  ])('begins anew for %s', (_what, changes) => {
    filled()
    const store = open(changes)
    expect([store.find(ID), store.positions()[3]]).toEqual([null, 0])
    store.close()
  })

  test('begins anew when another version made it', () => {
    const database = openDatabase({ folder, name: 'ledger', topicId: 'a', anew: false })
    database.exec('ALTER TABLE decisions ADD COLUMN more TEXT; PRAGMA user_version = 77')
    database.close()
    const store = open()
    store.add(0, [row(0, 'grant')], 1)
    expect(store.find(ID)).not.toBeNull()
    store.close()
  })

  test('begins anew when its file is damaged', () => {
    writeFileSync(join(folder, 'ledger.sqlite'), 'x'.repeat(10_000))
    const store = open()
    expect(store.positions()[3]).toBe(0)
    store.close()
  })

  test('is one process’s at a time', () => {
    const store = open()
    store.add(0, [row(0, 'grant')], 1)
    expect(() => open()).toThrow(/locked/)
    store.close()
  })

  test('is its owner’s alone to read', () => {
    const store = open()
    store.add(0, [row(0, 'grant')], 1)
    const modes = readdirSync(folder).map((file) => statSync(join(folder, file)).mode & 0o777)
    expect(new Set(modes)).toEqual(new Set([0o600]))
    store.close()
  })

  test('without a folder leaves nothing behind', () => {
    const store = open({ folder: null })
    store.add(0, [row(0, 'grant')], 1)
    expect(store.find(ID)).not.toBeNull()
    store.close()
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('a record that comes twice', () => {
  test('is one, when it is the same', () => {
    const store = open()
    store.add(3, [row(7, 'grant')], 8)
    store.add(3, [row(7, 'grant')], 8)
    expect(store.find(ID)?.offset).toBe(7)
    store.close()
  })

  test('counts where it came first, and a withdrawal before a grant whose id it has', () => {
    const store = open()
    store.add(3, [row(7, 'grant'), row(9, 'grant')], 10)
    expect(store.find(ID)?.offset).toBe(7)
    store.add(3, [row(11, 'withdraw'), row(12, 'withdraw')], 13)
    expect(store.find(ID)).toMatchObject({ decision: { kind: 'withdraw' }, offset: 11 })
    store.close()
  })
})

describe('an erasure', () => {
  const step = (offset: number, name: ErasureStep['step'], atMs: number, ref = REF): LedgerRow => {
    const made = { ref, erasureId: ID, step: name, atMs, checked: [], waitedMs: 0, completesMs: null }
    const record = encodeLedger({ kind: 'step', step: made })
    return { kind: 'step', decisionId: ID, ref, offset, appendTimeMs: 1000 + offset, record }
  }

  test('is told with its own steps, each where it came first, also after a restart', () => {
    const store = open()
    store.add(3, [row(7, 'erase'), step(8, 'forgotten', 50), step(9, 'forgotten', 60)], 10)
    store.add(3, [step(10, 'saltsGone', 70, OTHER), step(11, 'saltsGone', 80)], 12)
    store.close()
    const again = open()
    expect(again.erasure(ID)).toMatchObject({
      erase: { offset: 7, appendTimeMs: 1007 },
      steps: [
        { step: 'forgotten', atMs: 50 },
        { step: 'saltsGone', atMs: 80 },
      ],
    })
    // Steps are no decisions.
    expect(again.history(REF, 1000, 5).decisions).toHaveLength(1)
    again.close()
  })

  test('is no decision of another kind that has the id', () => {
    const store = open()
    store.add(3, [row(7, 'withdraw'), step(8, 'forgotten', 50)], 9)
    expect(store.erasure(ID)).toBeNull()
    store.close()
  })
})

test('rows and position are taken in together or not at all', () => {
  const store = open()
  const bad = { ...row(8, 'grant', '00000000-0000-4000-8000-000000000002'), record: null as never }
  expect(() => store.add(3, [row(7, 'grant'), bad], 9)).toThrow()
  expect([store.find(ID), store.positions()[3]]).toEqual([null, 0])
  store.add(3, [row(7, 'grant')], 9)
  expect(store.find(ID)).not.toBeNull()
  store.close()
})

test('a ref’s history is its own, newest first, a part at a time, and says up to where the ledger was read', () => {
  const store = open()
  const partition = partitionOf(refToBytes(REF), CONSENT_PARTITIONS)
  const ids = [7, 8, 9].map((n) => ID.replace(/1$/, `${n}`))
  const [first = '', others = '', last = ''] = ids
  store.add(partition, [row(7, 'grant', first), row(8, 'grant', others, OTHER), row(9, 'withdraw', last)], 12)
  const told = (before: number, limit: number) => {
    const { decisions, hasMore, position } = store.history(REF, before, limit)
    return { ids: decisions.map(({ decision }) => decision.decisionId), hasMore, position }
  }
  expect(told(1000, 5)).toEqual({ ids: [last, first], hasMore: false, position: 12 })
  expect(told(1000, 1)).toEqual({ ids: [last], hasMore: true, position: 12 })
  // The position of what was told last: 9 + 1.
  expect(told(10, 1)).toEqual({ ids: [first], hasMore: false, position: 12 })
  expect(told(8, 1)).toEqual({ ids: [], hasMore: false, position: 12 })
  store.close()
})
