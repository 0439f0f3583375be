import assert from 'node:assert/strict'
import { compileTranscoder, FaultCode, Marks } from '@weir/transcoder'
import { Dice, randomRecord, randomSchema } from '../../libs/transcoder/src/fixtures/random-schema.ts'
import { SPEC_SCHEMAS } from '../../libs/transcoder/src/fixtures/spec-schemas.ts'
import { checkWhole } from '../../libs/transcoder/src/reference/whole-record.ts'
import { readSchema } from '../../libs/transcoder/src/schema/schema-node.ts'
import { spoiled } from './spoiled.ts'

const RECORDS = 20
const SPOILED = 12
const SPEC = Object.values(SPEC_SCHEMAS)

/**
 * Bytes that are no record are refused with the reason that the reference gives, and nothing is marked; what is a record
 * is accepted. Any schema that Avro can say, those of its specification among them; any wrong bytes.
 */
export function hostile(seed: number): number {
  const dice = new Dice(seed)
  const schema = seed % 8 === 0 ? SPEC[dice.roll(SPEC.length)] : randomSchema(dice)
  const root = readSchema(schema)
  const transcoder = compileTranscoder(schema, [])
  const marks = new Marks()
  for (let i = 0; i < RECORDS; i++) {
    const record = randomRecord(dice, root, i % 2 === 0)
    for (const one of [record, ...Array.from({ length: SPOILED }, () => spoiled(dice, record))]) {
      const framed = Buffer.concat([Buffer.of(0xff, 2), one, Buffer.of(0, 2)])
      marks.clear()
      const found = transcoder.read(framed, 2, 2 + one.length, marks)
      const expected = checkWhole(root, one, 0, one.length)
      assert.equal(found, expected === FaultCode.ok ? 0 : -expected)
      assert.equal(marks.count, expected === FaultCode.ok ? 1 : 0)
    }
  }
  return RECORDS * (1 + SPOILED)
}
