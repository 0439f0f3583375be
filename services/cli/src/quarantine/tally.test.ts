import { expect, test } from 'vitest'
import { Tally } from './tally.ts'

const HOUR = 3_600_000
const NOW = 1_700_000_000_000

test('Records are counted apart by reason, raw partition and age, with the time of the oldest and the newest', () => {
  const tally = new Tally(NOW)
  tally.add({ code: 'B', rawPartition: 1, atMs: NOW - 10, isRedriven: false })
  tally.add({ code: 'B', rawPartition: 1, atMs: NOW - 30, isRedriven: true })
  tally.add({ code: 'B', rawPartition: 0, atMs: NOW - 20, isRedriven: false })
  tally.add({ code: 'A', rawPartition: 1, atMs: NOW - 2 * HOUR, isRedriven: false })
  tally.add({ code: 'A', rawPartition: 1, atMs: NOW - 80 * HOUR, isRedriven: false })
  expect(
    tally.counts.map(({ code, rawPartition, age, records, redriven }) => [code, rawPartition, age, records, redriven]),
  ).toEqual([
    ['A', 1, '3 d or more', 1, 0],
    ['A', 1, 'under 1 d', 1, 0],
    ['B', 0, 'under 1 h', 1, 0],
    ['B', 1, 'under 1 h', 2, 1],
  ])
  expect(tally.counts[3]).toMatchObject({ oldestMs: NOW - 30, newestMs: NOW - 10 })
  expect([tally.records, tally.redriven]).toEqual([5, 1])
  expect(tally.text()).toMatch(/^ {2}B {7}3 {8}1 /m)
})

test('A record of a clock ahead of ours is a young one', () => {
  const tally = new Tally(NOW)
  tally.add({ code: 'A', rawPartition: 0, atMs: NOW + HOUR, isRedriven: false })
  expect(tally.counts[0]?.age).toBe('under 1 h')
})

test('A reason that somebody else wrote steers no terminal', () => {
  const tally = new Tally(NOW)
  tally.add({ code: '\x1b[2J\u009b\n', rawPartition: 0, atMs: NOW, isRedriven: false })
  expect([...tally.text()].filter((char) => /\p{Cc}/u.test(char) && char !== '\n')).toEqual([])
  expect(tally.text().split('\n')).toHaveLength(9)
})
