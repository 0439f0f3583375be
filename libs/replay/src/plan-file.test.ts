import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { aPlan } from '../fixtures/plan.ts'
import { offsetsDone, offsetsOf, planDigest, type ReplayPlan } from './plan.ts'
import { readPlan, writePlan } from './plan-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-plan-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'plan.json')

test('a plan comes back as it was written, for its owner alone', () => {
  writePlan(path, aPlan())
  expect(readPlan(path)).toEqual(aPlan())
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a plan in whose place a readable file lay is for its owner alone too', () => {
  writeFileSync(path, '{}', { mode: 0o644 })
  writePlan(path, aPlan())
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a link that lies where a plan is drafted is not written through', () => {
  const elsewhere = join(folder, 'elsewhere')
  writeFileSync(elsewhere, 'kept')
  symlinkSync(elsewhere, `${path}.writing`)
  writePlan(path, aPlan())
  expect(readFileSync(elsewhere, 'utf8')).toBe('kept')
  expect(readPlan(path)).toEqual(aPlan())
})

test('what can’t be a plan is not read: a folder, a device without an end, a file without measure', () => {
  const large = join(folder, 'large')
  writeFileSync(large, '')
  truncateSync(large, 64 * 1024 * 1024)
  const sub = join(folder, 'sub')
  mkdirSync(sub)
  for (const wrong of [sub, '/dev/zero', large]) {
    expect(() => readPlan(wrong)).toThrow(
      expect.objectContaining({ code: 'WEIR_PLAN_UNREADABLE', message: expect.stringMatching(/no plan of weir’s/) }),
    )
  }
})

test('a plan that was edited is refused', () => {
  writePlan(path, aPlan())
  writeFileSync(path, readFileSync(path, 'utf8').replace('"to": 30', '"to": 31'))
  expect(() => readPlan(path)).toThrow(expect.objectContaining({ code: 'WEIR_PLAN_CHANGED' }))
})

const [one] = aPlan().outputs as [ReplayPlan['outputs'][number]]
const own = '.replay-0b8e4f0e'

test.each([
  ['no file', null, /no such file/],
  ['no JSON', 'plan', /not JSON/],
  ['no plan', '{"version": 2}', /version/],
  ['ranges out of order', JSON.stringify(aPlan({ ranges: [...aPlan().ranges].reverse() })), /ranges/],
  [
    'two outputs of one purpose',
    JSON.stringify(aPlan({ outputs: [one, { ...one, topic: `test.b${own}` }] })),
    /outputs/,
  ],
  ['two outputs into one topic', JSON.stringify(aPlan({ outputs: [one, { ...one, purpose: 'b' }] })), /outputs/],
  [
    'an output into a topic that is not its own',
    JSON.stringify(aPlan({ outputs: [{ ...one, topic: 'test.b' }] })),
    /outputs/,
  ],
  ['an output of another namespace', JSON.stringify(aPlan({ outputs: [{ ...one, topic: `b${own}` }] })), /outputs/],
  [
    'a plan that outlives the offsets of its group',
    JSON.stringify(aPlan({ expiresAtMs: 1_700_259_200_001 })),
    /expires/,
  ],
  ['a time that is none', JSON.stringify(aPlan({ createdAtMs: 9e15, expiresAtMs: 9e15 })), /createdAtMs/],
  ['an empty range', JSON.stringify(aPlan({ ranges: [{ partition: 0, from: 3, to: 3 }] })), /ranges\.0/],
])('what is no plan says so: %s', (_, text, why) => {
  if (text === null) rmSync(path, { force: true })
  else writeFileSync(path, text)
  expect(() => readPlan(path)).toThrow(
    expect.objectContaining({ code: 'WEIR_PLAN_UNREADABLE', message: expect.stringMatching(why) }),
  )
})

test('the digest does not hang on the order of keys, but on every value', () => {
  const turned = Object.fromEntries(Object.entries(aPlan()).reverse())
  expect(planDigest({ ...aPlan(), ...turned })).toEqual(planDigest(aPlan()))
  expect(planDigest(aPlan({ rate: 1 }))).not.toEqual(planDigest(aPlan()))
})

test('offsets done are counted within the ranges only', () => {
  expect(offsetsOf(aPlan())).toBe(25)
  expect(offsetsDone(aPlan(), [-1, -1])).toBe(0)
  expect(offsetsDone(aPlan(), [12, 3])).toBe(5)
  expect(offsetsDone(aPlan(), [99, 5])).toBe(25)
})
