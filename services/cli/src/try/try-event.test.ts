import { loadContracts } from '@weir/contracts'
import { beforeAll, describe, expect, test } from 'vitest'
import { cinema, Folder } from '../../fixtures/contract.ts'
import { readEvent, sampleEvent } from './read-event.ts'
import { type Tried, tryEvent } from './try-event.ts'

const contracts = loadContracts(cinema())
const stream = contracts.streams[0]
if (stream === undefined) throw new Error('no stream')

function tried(event: object, also: string[] = []): Tried[] {
  const folder = new Folder()
  try {
    return tryEvent(
      contracts,
      stream as NonNullable<typeof stream>,
      readEvent(stream as NonNullable<typeof stream>, folder.write('event.json', JSON.stringify(event))),
      also,
    )
  } finally {
    folder.remove()
  }
}

function view(all: readonly Tried[], purpose: string, notice: number | null): Tried {
  const found = all.find((one) => one.purpose === purpose && one.notice === notice)
  if (found === undefined) throw new Error(`no view of ${purpose}`)
  return found
}

const leaf = (one: Tried, path: string) => one.leaves.find((each) => each.path === path)

test('an event is shown for each notice in force, the newest first, and for no grant', () => {
  expect(tried({}).map(({ purpose, notice, isCurrent }) => [purpose, notice, isCurrent])).toEqual([
    ['tips', 2, true],
    ['tips', 1, false],
    ['tips', null, false],
    ['mail', 1, true],
    ['mail', null, false],
  ])
})

describe('each leaf has its reason', () => {
  let all: Tried[]

  beforeAll(() => {
    all = tried({
      kind: 'look',
      query: 'Kim',
      price: 9.5,
      films: [
        { id: 'B', genre: 'illness' },
        { id: 'A', genre: 'crime' },
      ],
      marks: { liked: true, rated: true },
      action: { Pay: { card: '4' } },
    })
  })

  test.each([
    ['kind', true, 'look', 'keep'],
    ['at', true, '2026-01-15T10:00:00.000Z', 'hour'],
    ['who', true, 'pseudonym', 'pseudonymize'],
    ['phone', false, null, 'no line names it'],
    ['query', true, null, 'in(lists/words.txt): it does not fit, so null'],
    ['price', false, null, 'only where kind is buy'],
    ['films[0].id', false, null, 'left out by sensitive: it is listed in lists/delicate.txt, and mail is not granted'],
    ['films[1].id', true, 'A', 'keep'],
    ['marks{liked}', true, true, 'keep'],
    ['marks{rated}', false, null, 'no line names it'],
    ['action<Pay>.card', false, null, 'no line names it'],
  ])('%s', (path, passes, after, why) => {
    expect(leaf(view(all, 'tips', 2), path)).toMatchObject({ passes, after, why })
  })

  test('the old grant is decided by the older file', () => {
    expect(view(all, 'tips', 1)).toMatchObject({ outcome: 'granted', file: 'cinema/tips.1.yaml' })
    expect(leaf(view(all, 'tips', 1), 'at')).toMatchObject({ after: '2026-01-15T00:00:00.000Z' })
  })

  test('without a grant, "otherwise" decides, or nothing', () => {
    expect(view(all, 'tips', null)).toMatchObject({ outcome: 'stripped' })
    expect(view(all, 'mail', null)).toMatchObject({ outcome: 'withheld', why: 'without a grant nothing is published' })
  })

  test('an event that gives no output says why', () => {
    expect(view(all, 'mail', 1)).toMatchObject({
      outcome: 'withheld',
      why: 'only events where kind is buy give output',
    })
  })
})

test('what is granted as well lets sensitive values pass', () => {
  const all = tried({ films: [{ id: 'B', genre: 'illness' }] }, ['mail'])
  expect(leaf(view(all, 'tips', 2), 'films[0].id')).toMatchObject({ passes: true, after: 'B' })
})

test("the event's own signal is named as the reason", () => {
  expect(view(tried({ gpc: true }), 'tips', 2)).toMatchObject({
    outcome: 'stripped',
    why: "the event's own signal takes the purpose away, whatever was granted",
  })
})

test('an event that can not be processed is quarantined for all', () => {
  expect(tried({ who: '' }).every((one) => one.outcome === 'quarantined')).toBe(true)
})

test('a sample has the map keys that policies name', () => {
  const all = tryEvent(contracts, stream, sampleEvent(stream), [])
  expect(view(all, 'tips', 2).leaves.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['marks{seen}', 'marks{liked}', 'films[0].id', 'action<Watch>.minutes']),
  )
})
