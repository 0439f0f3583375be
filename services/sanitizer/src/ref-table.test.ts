import { referenceHasher } from '@weir/pseudonym'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idHash, RefTable, sameBytes } from './ref-table.ts'

const references = referenceHasher(Buffer.alloc(32, 1))
const id = fc.tuple(
  fc.constantFrom('user' as const, 'device' as const),
  fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', 'ü') }),
)

test('Each person and device has one ref, whoever else has the same id, and one index for all of their rows', () => {
  fc.assert(
    fc.property(fc.array(id, { maxLength: 100 }), fc.nat(0xffffffff), (ids, seed) => {
      const table = new RefTable(references, ids.length, seed)
      const indexes = ids.map(([kind, text]) => {
        const around = Buffer.from(`<${text}>`)
        return table.indexOf(kind, around, 1, around.length - 1)
      })
      expect(table.count).toBe(new Set(ids.map((one) => one.join())).size)
      expect(new Set(indexes).size).toBe(table.count)
      const refs = indexes.map((at) => Buffer.from(table.refs.subarray(at * 16, at * 16 + 16)).toString('hex'))
      expect(refs).toEqual(ids.map(([kind, text]) => references.ref(kind, text)))
    }),
  )
})

/** Found by trying: with the seed 0 they have one hash. */
const alike = ['user-378594', 'user-443300'].map((text) => Buffer.from(text))

test('Two ids of one hash are two people', () => {
  const table = new RefTable(references, alike.length, 0)
  expect(alike.map((bytes) => table.indexOf('user', bytes, 0, bytes.length))).toEqual([0, 1])
})

test('Which ids have one hash hangs on the seed, so that nobody can choose ids that do', () => {
  const hashes = (seed: number) => alike.map((bytes) => idHash(seed, 'user', bytes, 0, bytes.length))
  expect(new Set(hashes(0)).size).toBe(1)
  expect(new Set(hashes(1)).size).toBe(2)
})

test('Ranges hold the same bytes only if they are of one length', () => {
  const bytes = Buffer.from('annaanna, ann')
  expect(sameBytes(bytes, 0, 4, bytes, 4, 8)).toBe(true)
  expect(sameBytes(bytes, 0, 4, bytes, 10, 13)).toBe(false)
  expect(sameBytes(bytes, 10, 13, bytes, 0, 4)).toBe(false)
})
