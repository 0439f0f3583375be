import { describe, expect, test } from 'vitest'
import { KeyEpochMissingError } from './errors.ts'
import { subjectPseudonym } from './grant-key.ts'
import { GrantKeys } from './grant-keys.ts'
import { KeyRing } from './key-ring.ts'
import { type PurposeKeys, purposeKeys } from './purpose-keys.ts'

const keys = purposeKeys(
  new KeyRing(
    [1, 2].map((epoch) => [epoch, Buffer.alloc(32, epoch)] as const),
    2,
  ),
)
const salt = (index: number): string => index.toString(16).padStart(32, '0')
const refOf = (index: number): Buffer => Buffer.alloc(16, index)

/** Counts what had to be derived. */
function counted(maxGrants: number): { readonly grants: GrantKeys; readonly derived: string[] } {
  const derived: string[] = []
  const counting: PurposeKeys = {
    grantKey(purpose, epoch, saltHex) {
      derived.push(`${purpose} ${epoch} ${Number.parseInt(saltHex, 16)}`)
      return keys.grantKey(purpose, epoch, saltHex)
    },
  }
  return { grants: new GrantKeys(counting, 'ads', maxGrants), derived }
}

describe('a known grant', () => {
  test('has the key and the subject’s pseudonym of its purpose, epoch, salt and ref', () => {
    const { grants } = counted(4)
    const refs = Buffer.concat([refOf(8), refOf(9), refOf(7)])
    const fresh = keys.grantKey('ads', 2, salt(1))
    for (let times = 0; times < 2; times++) {
      const { key, subject } = grants.of(2, salt(1), refs, 16)
      expect(Buffer.from(subject).toString('latin1')).toBe(subjectPseudonym(fresh, refOf(9)))
      expect(key.pseudonym('s/a', refs)).toBe(fresh.pseudonym('s/a', refs))
    }
  })

  test('is derived once, as long as it is asked for', () => {
    const { grants, derived } = counted(2)
    const refs = Buffer.concat([refOf(0), refOf(1), refOf(2)])
    const subjects = [1, 2, 1, 2, 2, 1].map((index) => grants.of(1, salt(index), refs, 16 * index).subject)
    expect(derived).toEqual(['ads 1 1', 'ads 1 2'])
    const [one, two] = subjects.map((subject) => Buffer.from(subject).toString('latin1'))
    expect([one, two]).toEqual(
      [1, 2].map((index) => subjectPseudonym(keys.grantKey('ads', 1, salt(index)), refOf(index))),
    )
  })

  test('is forgotten when so many others were asked for since', () => {
    const { grants, derived } = counted(2)
    for (const index of [1, 2, 1, 3, 1, 2]) grants.of(1, salt(index), refOf(index), 0)
    expect(derived).toEqual(['ads 1 1', 'ads 1 2', 'ads 1 3', 'ads 1 2'])
  })

  test('keeps what it remembers when the bytes of its ref are written over', () => {
    const { grants, derived } = counted(2)
    const refs = Buffer.from(refOf(5))
    const before = Buffer.from(grants.of(1, salt(1), refs, 0).subject)
    refs.fill(6)
    expect(grants.of(1, salt(1), refOf(5), 0).subject).toEqual(Uint8Array.from(before))
    expect(derived).toHaveLength(1)
  })

  test('is never another subject’s or another epoch’s, though a fault gave them one salt', () => {
    const { grants } = counted(4)
    for (const [epoch, index] of [
      [1, 1],
      [1, 2],
      [2, 2],
      [1, 1],
    ] as const) {
      const expected = subjectPseudonym(keys.grantKey('ads', epoch, salt(1)), refOf(index))
      expect(Buffer.from(grants.of(epoch, salt(1), refOf(index), 0).subject).toString('latin1')).toBe(expected)
    }
  })

  test('is none where its epoch is retired', () => {
    const { grants } = counted(4)
    expect(() => grants.of(3, salt(1), refOf(1), 0)).toThrow(KeyEpochMissingError)
  })
})
