import assert from 'node:assert/strict'
import type { Branch } from '@weir/contracts'
import fc from 'fast-check'
import { driftedRecord } from '../../libs/transcoder/src/fixtures/drift.ts'
import { randomContract } from '../../libs/transcoder/src/fixtures/random-contract.ts'
import { schemaOf } from '../../libs/transcoder/src/fixtures/shape.ts'
import { SideBySide } from '../../libs/transcoder/src/fixtures/side-by-side.ts'
import { randomPlaceValue } from '../../libs/transcoder/src/fixtures/value.ts'
import { writeAvro } from '../../libs/transcoder/src/fixtures/write-avro.ts'
import { generatorOf } from './generator.ts'

/** Making a contract and compiling it is what takes the time. */
const EVENTS = 40

/**
 * The compiled transcoder gives byte by byte what decode, filter and encode give: of random events, written in any form
 * by the contract's schema or an older or newer one, under a random policy.
 */
export function differential(seed: number): number {
  const g = generatorOf(seed)
  const contract = randomContract(g)
  const root = g(fc.boolean) ? contract.root : driftedRecord(g, contract.root)
  const branches = contract.otherwise === null ? [contract.granted] : [contract.granted, contract.otherwise]
  const both = branches.map((branch) => ({
    branch,
    forms: new SideBySide(schemaOf(root), contract.cleanSchema, branch),
  }))
  let cases = 0
  for (let i = 0; i < EVENTS; i++) {
    const bytes = writeAvro(g, root, randomPlaceValue(g, { nullable: false, shape: root }))
    for (const { branch, forms } of both) {
      const withGrant = pseudonymizes(branch) || i % 2 === 0
      const sensitiveAllowed = i % 3 === 0
      const expected = forms.reference(bytes, withGrant, sensitiveAllowed)
      assert.deepEqual(forms.compiled(bytes, withGrant, sensitiveAllowed), expected)
      cases++
    }
  }
  return cases
}

function pseudonymizes(branch: Branch): boolean {
  return [branch, ...branch.only].some(({ leaves }) => leaves.some(({ verb }) => verb.kind === 'pseudonymize'))
}
