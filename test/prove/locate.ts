import assert from 'node:assert/strict'
import { compileLocator, FaultCode, newLocated } from '@weir/transcoder'
import { Dice, randomRecord } from '../../libs/transcoder/src/fixtures/random-schema.ts'
import { found, steeringOf, steeringSchema } from '../../libs/transcoder/src/fixtures/steering.ts'
import { compileLocator as compileReference } from '../../libs/transcoder/src/reference/locator.ts'
import { checkWhole } from '../../libs/transcoder/src/reference/whole-record.ts'
import { readSchema } from '../../libs/transcoder/src/schema/schema-node.ts'
import { spoiled } from './spoiled.ts'

const RECORDS = 16

/**
 * The early locator finds what the reference finds in records and in what only looks like one, and refuses the same schemas.
 * A fault that it does not see lies behind what it walks over, and the reading of the whole record sees it.
 */
export function locate(seed: number): number {
  const dice = new Dice(seed)
  const schema = steeringSchema(dice)
  const paths = steeringOf(dice)
  const [compiled, reference] = [compileLocator(schema, paths), compileReference(schema, paths)]
  if ('unusable' in compiled || 'unusable' in reference) {
    assert.deepEqual(compiled, reference)
    return 1
  }
  const root = readSchema(schema)
  const [ours, theirs] = [newLocated(), newLocated()]
  for (let i = 0; i < RECORDS; i++) {
    const made = randomRecord(dice, root, true)
    const record = i % 2 === 0 ? made : spoiled(dice, made)
    const framed = Buffer.concat([Buffer.of(0xff, 1), record, Buffer.of(2, 0xff)])
    const fault: FaultCode = compiled.locate(framed, 2, 2 + record.length, ours)
    const expected: FaultCode = reference.locate(record, 0, record.length, theirs)
    if (fault !== expected) {
      assert.equal(fault, FaultCode.ok)
      assert.equal(checkWhole(root, record, 0, record.length), expected)
    } else if (fault === FaultCode.ok) {
      assert.deepEqual(found(ours), found(theirs))
    }
  }
  return RECORDS
}
