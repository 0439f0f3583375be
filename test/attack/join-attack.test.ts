import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Random } from '../workload/random.ts'
import type { ChannelName } from './channels.ts'
import { type JoinAttack, joinAttack, joinReportText } from './join-attack.ts'
import { inPartitions, laidInOrder, withHeader, withTimes } from './planted.ts'
import type { SeenRecord } from './seen.ts'

const PEOPLE = 200
const TRANSACTIONS = 4
const PARTITIONS = 2

describe('a join attack', () => {
  it('finds nobody beyond arrival time and shown values where nothing else tells', () => {
    for (let run = 0; run < 10; run++) {
      const report = joinAttack({ ...honestRun(`honest ${run}`), seed: `${run}` })
      expect(joinReportText(report)).toContain('no channel tells more than chance')
      expect(report).toMatchObject({ pairs: PEOPLE, apart: 0, byArrival: TRANSACTIONS })
      // Three values are shown in each transaction, and one person shows what nobody else does.
      expect(report.byArrivalAndValues).toBe(3 * TRANSACTIONS + 1)
    }
  })

  const planted: readonly [what: string, by: ChannelName, plant: (run: Run) => Pick<JoinAttack, 'a' | 'b'>][] = [
    [
      'raw order within the chunk in both purposes',
      'order in batches',
      ({ a, b, who }) => ({ a: laidInOrder(a, who), b: laidInOrder(b, who) }),
    ],
    [
      'reversed raw order in one of them',
      'order in batches',
      ({ a, b, who }) => ({ a: laidInOrder(a, who), b: laidInOrder(b, (record) => -who(record)) }),
    ],
    [
      'raw order for every other person',
      'order in batches',
      ({ a, b, who, hashed }) => {
        const halfway = (record: SeenRecord) => (who(record) % 2 === 0 ? who(record) : hashed(record) % PEOPLE)
        return { a: laidInOrder(a, halfway), b: laidInOrder(b, halfway) }
      },
    ],
    [
      'exact times of events',
      'record timestamps',
      ({ a, b, who }) => {
        const exact = (record: SeenRecord) => 1_700_000_000_000 + ((who(record) * 7_919) % 86_400_000)
        return { a: withTimes(a, exact), b: withTimes(b, exact) }
      },
    ],
    [
      'partitions by the subject',
      'partitions',
      ({ a, b, who }) => ({
        a: inPartitions(a, (record) => (who(record) >> 4) % PARTITIONS),
        b: inPartitions(b, (record) => (who(record) >> 4) % PARTITIONS),
      }),
    ],
    [
      'a trace id in a header',
      'headers',
      ({ a, b, who }) => ({
        a: withHeader(a, (record) => `traceparent ${who(record)}`),
        b: withHeader(b, (record) => `traceparent ${who(record)}`),
      }),
    ],
    [
      'one pseudonym for a session in both',
      'pseudonyms in values',
      ({ a, b, who }) => ({
        a: a.map((record) => ({ ...record, leaves: [`1.${who(record)}`] })),
        b: b.map((record) => ({ ...record, leaves: [`1.${who(record)}`] })),
      }),
    ],
    [
      'sizes that hang on what neither shows',
      'sizes',
      ({ a, b, who }) => ({
        a: a.map((record) => ({ ...record, bytes: 100 + (who(record) % 40) })),
        b: b.map((record) => ({ ...record, bytes: 60 + (who(record) % 40) })),
      }),
    ],
  ]
  it.each(planted)('finds %s, by %s', (what, by, plant) => {
    const run = honestRun(what)
    const report = joinAttack({ ...run, ...plant(run), seed: what })
    expect(report.leaking).toContain(by)
    expect(report.channels[by].found).toBeGreaterThan(report.byArrivalAndValues)
  })

  it('finds pseudonyms that keep an order or share digits', () => {
    const { a, b, truth } = honestRun('keys')
    const ordered = new Map([...truth].map(([one, other]) => [other, `${one.slice(0, 12)}${other.slice(12)}`]))
    const report = joinAttack({
      a,
      b: b.map((record) => ({ ...record, key: ordered.get(record.key) as string })),
      truth: new Map([...truth].map(([one, other]) => [one, ordered.get(other) as string])),
      seed: 'keys',
    })
    expect(report.leaking).toEqual(['digits of keys', 'order of keys'])
    expect(report.channels['digits of keys'].found).toBeGreaterThan(PEOPLE / 2)
  })

  it('counts those who do not arrive together, or show different values, apart', () => {
    const { a, b, truth } = honestRun('apart')
    const late = b.map((record, at) => (at === 0 ? { ...record, transaction: '8:99' } : record))
    expect(joinAttack({ a, b: late, truth, seed: 'apart' }).apart).toBe(1)
  })
})

interface Run extends Omit<JoinAttack, 'seed'> {
  /** Raw place of a record's person. */
  readonly who: (record: SeenRecord) => number
  readonly hashed: (record: SeenRecord) => number
}

/** Two purposes as the sanitizer writes them: keys unrelated, partition and order by key, times no finer than both show. */
function honestRun(seed: string): Run {
  const random = new Random(seed)
  const people = new Map<string, number>()
  const key = (purpose: string, person: number) => {
    const made = `1.${createHash('sha256').update(`${seed} ${purpose} ${person}`).digest('hex').slice(0, 32)}`
    people.set(made, person)
    return made
  }
  const side = (purpose: string): SeenRecord[] => {
    const records = Array.from({ length: PEOPLE }, (_, person): SeenRecord => {
      const own = key(purpose, person)
      return {
        partition: Number.parseInt(own.slice(-4), 16) % PARTITIONS,
        offset: 0,
        timestampMs: 1_700_000_000_000,
        key: own,
        headers: [],
        transaction: `7:${person % TRANSACTIONS}`,
        shown: person === 0 ? 'rare' : `category ${(person >> 2) % 3}`,
        leaves: [`1.${random.uint32()}${random.uint32()}`],
        bytes: 80 + random.below(20),
      }
    })
    const inOrder = records.sort(
      (one, other) => one.transaction.localeCompare(other.transaction) || (one.key < other.key ? -1 : 1),
    )
    const next = Array.from({ length: PARTITIONS }, () => 0)
    return inOrder.map((record) => ({ ...record, offset: (next[record.partition] as number)++ }) as SeenRecord)
  }
  const [a, b] = [side('a'), side('b')]
  const truth = new Map(Array.from({ length: PEOPLE }, (_, person) => [key('a', person), key('b', person)]))
  const who = (record: SeenRecord) => people.get(record.key) as number
  return { a, b, truth, who, hashed: ({ key: own }) => Number.parseInt(own.slice(2, 10), 16) }
}
