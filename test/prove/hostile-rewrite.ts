import assert from 'node:assert/strict'
import { randomContract } from '../../libs/transcoder/src/fixtures/random-contract.ts'
import { Dice } from '../../libs/transcoder/src/fixtures/random-schema.ts'
import { schemaOf } from '../../libs/transcoder/src/fixtures/shape.ts'
import { SideBySide } from '../../libs/transcoder/src/fixtures/side-by-side.ts'
import { randomPlaceValue } from '../../libs/transcoder/src/fixtures/value.ts'
import { writeAvro } from '../../libs/transcoder/src/fixtures/write-avro.ts'
import { generatorOf } from './generator.ts'
import { spoiled } from './spoiled.ts'

const EVENTS = 8
const SPOILED = 6

/**
 * Of bytes that are no event a branch writes nothing at all, and gives the reason that the reference gives; what is an
 * event in spite of all, it writes as the reference does.
 */
export function hostileRewrite(seed: number): number {
  const g = generatorOf(seed)
  const dice = new Dice(seed)
  const { root, cleanSchema, granted } = randomContract(g)
  const forms = new SideBySide(schemaOf(root), cleanSchema, granted)
  for (let i = 0; i < EVENTS; i++) {
    const event = writeAvro(g, root, randomPlaceValue(g, { nullable: false, shape: root }))
    for (let j = 0; j < SPOILED; j++) {
      const bytes = spoiled(dice, event)
      assert.deepEqual(forms.compiled(bytes, true, j % 2 === 0), forms.reference(bytes, true, j % 2 === 0))
    }
  }
  return EVENTS * SPOILED
}
