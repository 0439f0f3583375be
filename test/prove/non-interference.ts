import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Line, linesOf, listedAt } from '../../libs/transcoder/src/fixtures/expected.ts'
import { otherHidden } from '../../libs/transcoder/src/fixtures/hidden.ts'
import { randomContract } from '../../libs/transcoder/src/fixtures/random-contract.ts'
import { schemaOf } from '../../libs/transcoder/src/fixtures/shape.ts'
import { SideBySide } from '../../libs/transcoder/src/fixtures/side-by-side.ts'
import { randomPlaceValue } from '../../libs/transcoder/src/fixtures/value.ts'
import { writeAvro } from '../../libs/transcoder/src/fixtures/write-avro.ts'
import { generatorOf } from './generator.ts'

const EVENTS = 25

/** Two events that differ in nothing but what a branch withholds, and in how they were written, give the same bytes. */
export function nonInterference(seed: number): number {
  const g = generatorOf(seed)
  const { root, cleanSchema, granted, otherwise } = randomContract(g)
  const branch = otherwise !== null && g(fc.boolean) ? otherwise : granted
  const forms = new SideBySide(schemaOf(root), cleanSchema, branch)
  const place = { nullable: false, shape: root }
  const read = [...branch.events, ...branch.only.flatMap(({ when }) => when)].map(({ path }) => path)
  for (let i = 0; i < EVENTS; i++) {
    const sensitiveAllowed = i % 2 === 0
    const listed = listedAt(branch, sensitiveAllowed)
    const inputs = [...read, ...(listed === null ? [] : [listed.rest])].map((rest): Line => ({ rest, verb: 'input' }))
    const event = randomPlaceValue(g, place)
    const lines = [...(linesOf(branch, event, sensitiveAllowed) ?? []), ...inputs]
    const other = otherHidden(g, place, event, lines, listed)
    const one = forms.compiled(writeAvro(g, root, event), true, sensitiveAllowed)
    assert.deepEqual(forms.compiled(writeAvro(g, root, other), true, sensitiveAllowed), one)
  }
  return EVENTS
}
