import { type Branch, pathText } from '@weir/contracts'
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Line, linesOf, listedAt, view } from '../fixtures/expected.ts'
import { otherHidden } from '../fixtures/hidden.ts'
import { type RandomContract, randomContract } from '../fixtures/random-contract.ts'
import { type Clean, readStrict } from '../fixtures/read-strict.ts'
import { randomPlaceValue, type Value } from '../fixtures/value.ts'
import { writeAvro } from '../fixtures/write-avro.ts'
import { compileRewriter } from './rewriter.ts'

/**
 * Random schemas, with arrays, maps and unions in each other, and random policies over them, read by the loader, with
 * `events`, `only`, `sensitive` and `otherwise`; random events in any form of their bytes. Failures are not made smaller,
 * which would take minutes; their seed gives them again.
 */
const RUNS = { numRuns: 150, endOnFailure: true }

const pseudonymize = (path: readonly string[], value: Uint8Array): string =>
  `${pathText(path)}=${Buffer.from(value).toString('hex')}`

/** One branch of a random contract, with an event and what becomes of it. */
interface Trial {
  readonly contract: RandomContract
  readonly branch: Branch
  readonly event: Value
  readonly sensitiveAllowed: boolean
  rewrite(event: Value): Buffer | null
}

function randomTrial(g: fc.GeneratorValue): Trial {
  const contract = randomContract(g)
  const branch = contract.otherwise !== null && g(fc.boolean) ? contract.otherwise : contract.granted
  const sensitiveAllowed = g(fc.boolean)
  const { root, rawSchema, cleanSchema } = contract
  const rewriter = compileRewriter(rawSchema, cleanSchema, branch)
  return {
    contract,
    branch,
    event: randomPlaceValue(g, { nullable: false, shape: root }),
    sensitiveAllowed,
    rewrite(event) {
      const bytes = writeAvro(g, root, event)
      return rewriter.rewrite(bytes, 0, bytes.length, pseudonymize, sensitiveAllowed)
    },
  }
}

describe('random policies over random events', () => {
  test('show exactly the leaves that are named, as their verbs say, in the one form that bytes may have', () => {
    let outputs = 0
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const { contract, branch, event, sensitiveAllowed, rewrite } = randomTrial(g)
        const bytes = rewrite(event)
        const lines = linesOf(branch, event, sensitiveAllowed)
        expect(bytes === null).toBe(lines === null)
        if (bytes === null || lines === null) return
        outputs++
        const root = { nullable: false, shape: contract.root }
        const expected = view(root, event, lines, [], listedAt(branch, sensitiveAllowed))
        expect(withoutNulls(readStrict(contract.cleanSchema, bytes))).toEqual(expected)
      }),
      RUNS,
    )
    expect(outputs).toBeGreaterThan(RUNS.numRuns / 2)
  })

  test('give identical bytes for events that differ only in what is withheld', () => {
    let differed = 0
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const { contract, branch, event, sensitiveAllowed, rewrite } = randomTrial(g)
        const listed = listedAt(branch, sensitiveAllowed)
        const read = [...branch.events, ...branch.only.flatMap(({ when }) => when)].map(({ path }) => path)
        const inputs = [...read, ...(listed === null ? [] : [listed.rest])]
        const lines = [
          ...(linesOf(branch, event, sensitiveAllowed) ?? []),
          ...inputs.map((rest): Line => ({ rest, verb: 'input' })),
        ]
        const other = otherHidden(g, { nullable: false, shape: contract.root }, event, lines, listed)
        if (writeAvro(g, contract.root, other).equals(writeAvro(g, contract.root, event))) return
        differed++
        expect(rewrite(other)).toEqual(rewrite(event))
      }),
      RUNS,
    )
    expect(differed).toBeGreaterThan(RUNS.numRuns / 2)
  })

  test('give records that a foreign reader reads with the clean schema', () => {
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const { contract, event, rewrite } = randomTrial(g)
        const bytes = rewrite(event)
        if (bytes === null) return
        const schema = structuredClone(contract.cleanSchema) as avro.Schema
        const type = avro.Type.forSchema(schema, { registry: { long: LONG } })
        expect(type.isValid(type.fromBuffer(bytes))).toBe(true)
      }),
      RUNS,
    )
  })
})

/** avsc by itself refuses longs beyond 2^53. */
const LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer(value: bigint) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(value)
    return bytes
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => Number(a - b),
})

function withoutNulls(value: Clean): Clean {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  const fields = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(fields.map(([name, inner]) => [name, withoutNulls(inner)]))
}
