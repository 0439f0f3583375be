import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteSet } from './byte-set.ts'

test('a set of bytes has exactly its values', () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 })
  fc.assert(
    fc.property(fc.array(value), fc.array(value), (values, others) => {
      const set = new ByteSet(values.map((one) => Buffer.from(one)))
      for (const one of [...values, ...others]) {
        const bytes = Buffer.from(`a${one}b`)
        expect(set.has(bytes, 1, bytes.length - 1)).toBe(values.includes(one))
      }
    }),
  )
})
