import type { Branch } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { driftedRecord } from '../fixtures/drift.ts'
import { type RandomContract, randomContract } from '../fixtures/random-contract.ts'
import { schemaOf } from '../fixtures/shape.ts'
import { SideBySide } from '../fixtures/side-by-side.ts'
import { randomPlaceValue } from '../fixtures/value.ts'
import { writeAvro } from '../fixtures/write-avro.ts'

/** Failures are not made smaller, which would take minutes; their seed gives them again. */
const RUNS = { numRuns: 300, endOnFailure: true }
const EVENTS = 5
/** Making contracts takes the time; on a machine with other work to do it takes several times as long. */
const TIME_LIMIT_MS = 120_000

describe('a compiled branch', { timeout: TIME_LIMIT_MS }, () => {
  test('writes what the reference writes, byte by byte, of random events under random policies', () => {
    const seen = compareAll((_, root) => root)
    expect(seen.bytes).toBeGreaterThan(RUNS.numRuns * EVENTS)
    expect(seen.nothing).toBeGreaterThan(RUNS.numRuns / 10)
    expect(seen.unusable).toBe(0)
  })

  test('writes what the reference writes of events of older and newer schemas, or can use neither', () => {
    const seen = compareAll(driftedRecord)
    expect(seen.bytes).toBeGreaterThan(RUNS.numRuns * EVENTS)
    expect(seen.nothing).toBeGreaterThan(RUNS.numRuns / 10)
    expect(seen.unusable).toBeGreaterThan(RUNS.numRuns / 10)
  })
})

type Root = RandomContract['root']

/** Compares both forms over random contracts, of which the events' schema is a version, and tells what was seen. */
function compareAll(versionOf: (g: fc.GeneratorValue, root: Root) => Root): Record<Outcome, number> {
  const seen = { bytes: 0, nothing: 0, unusable: 0 }
  fc.assert(
    fc.property(fc.gen(), (g) => {
      const contract = randomContract(g)
      const branch = contract.otherwise !== null && g(fc.boolean) ? contract.otherwise : contract.granted
      const root = versionOf(g, contract.root)
      const both = new SideBySide(schemaOf(root), contract.cleanSchema, branch)
      const withGrant = pseudonymizes(branch) || g(fc.boolean)
      for (let i = 0; i < EVENTS; i++) {
        const bytes = writeAvro(g, root, randomPlaceValue(g, { nullable: false, shape: root }))
        for (const sensitiveAllowed of [false, true]) {
          const expected = both.reference(bytes, withGrant, sensitiveAllowed)
          expect(both.compiled(bytes, withGrant, sensitiveAllowed)).toEqual(expected)
          seen[outcomeOf(expected)]++
        }
      }
    }),
    RUNS,
  )
  return seen
}

type Outcome = 'bytes' | 'nothing' | 'unusable'

function outcomeOf(result: Buffer | null | FaultCode): Outcome {
  if (typeof result !== 'number') return result === null ? 'nothing' : 'bytes'
  expect(result).toBe(FaultCode.unusableSchema)
  return 'unusable'
}

function pseudonymizes(branch: Branch): boolean {
  return [branch, ...branch.only].some(({ leaves }) => leaves.some(({ verb }) => verb.kind === 'pseudonymize'))
}
