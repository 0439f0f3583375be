import { partitionOf } from '@weir/kafka'
import { type GrantKeys, KeyEpochMissingError, type KnownGrant, REF_BYTES } from '@weir/pseudonym'
import type { Breaths } from './breaths.ts'
import type { Decided } from './decide.ts'
import type { Environment, OutputPlan } from './environment.ts'
import { FAULT } from './faults.ts'
import type { Held } from './outcome.ts'
import type { ReadRows } from './read-rows.ts'

/** A key that is not here is brought back by people, not by time. */
const KEY_RETRY_MS = 5_000

/** The people of a chunk as one purpose knows them, each under their grant. By person: an index into the chunk's refs. */
export interface GrantedPeople {
  readonly grants: (KnownGrant | undefined)[]
  /** The first 32 bits of the person's pseudonym. */
  readonly place: Float64Array
  /** Where the person's records go. */
  readonly partition: Int32Array
}

/** By output: the people of whom a row is granted. Held as a whole when the key of a grant is not here. */
export async function grantedPeople(
  env: Environment,
  decided: Decided,
  { fault }: ReadRows,
  breaths: Breaths,
): Promise<readonly GrantedPeople[] | Held> {
  try {
    const people: GrantedPeople[] = []
    for (const [output, plan] of env.outputs.entries()) {
      const keys = env.grantKeys[output] as GrantKeys
      people.push(await peopleOf(plan, keys, decided, decided.branches[output] as Int16Array, fault, breaths))
    }
    return people
  } catch (error) {
    if (!(error instanceof KeyEpochMissingError)) throw error
    return { kind: 'held', reason: 'key-missing', retryAfterMs: KEY_RETRY_MS, why: error.message }
  }
}

async function peopleOf(
  { rule, partitions }: OutputPlan,
  keys: GrantKeys,
  { located, looked }: Decided,
  decisions: Int16Array,
  fault: Uint8Array,
  breaths: Breaths,
): Promise<GrantedPeople> {
  const { refs, refCount } = located
  const grants: (KnownGrant | undefined)[] = new Array(refCount)
  const place = new Float64Array(refCount)
  const partition = new Int32Array(refCount)
  for (let row = 0; row < fault.length; row++) {
    if (fault[row] !== FAULT.none || (decisions[row] as number) < 0) continue
    const person = located.subject[row] as number
    if (grants[person] !== undefined) continue
    const grant = looked.states[person]?.purposes[rule.purpose]
    if (!grant?.salt) throw new Error('a granted decision stands on a grant with a salt')
    const known = keys.of(grant.epoch, grant.salt, refs, person * REF_BYTES)
    grants[person] = known
    place[person] = first32Bits(known.subject)
    partition[person] = partitionOf(known.subject, partitions)
    if (breaths.due) await breaths.take()
  }
  return { grants, place, partition }
}

const HEX_DIGITS = 32

/** Of a pseudonym's text: 32 hex digits stand at its end. */
function first32Bits(pseudonym: Uint8Array): number {
  const from = pseudonym.length - HEX_DIGITS
  let value = 0
  for (let i = from; i < from + 8; i++) {
    const digit = pseudonym[i] as number
    value = value * 16 + (digit < 0x61 ? digit - 0x30 : digit - 0x57)
  }
  return value
}
