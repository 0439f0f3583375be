import { expect, test } from 'vitest'
import { check } from '../check/check.ts'
import { syntheticRun } from '../check/fixtures/synthetic-run.ts'
import { PLANTED, PLANTS, plant } from './plant.ts'

const { evidence } = syntheticRun(2_000)
const counts = (doctored: typeof evidence) => {
  const { lost, repeated, outOfOrder, leaked } = check(doctored)
  return { loss: lost, repeat: repeated, disorder: outOfOrder, leak: leaked }
}
const NOTHING = { loss: 0, repeat: 0, disorder: 0, leak: 0 }

test('nothing planted, nothing found', () => {
  expect(counts(plant(evidence, []))).toEqual(NOTHING)
})

test.each(PLANTS)('a planted %s is found as often as it was planted, and nothing else', (kind) => {
  expect(counts(plant(evidence, [kind]))).toEqual({ ...NOTHING, [kind]: PLANTED[kind] })
})

test('all of them at once are told apart', () => {
  expect(counts(plant(evidence, PLANTS))).toEqual(PLANTED)
})
