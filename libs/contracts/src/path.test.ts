import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keysOf, parsePath, pathText, rawPath, singlePaths } from './path.ts'

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/)
const key = fc.stringMatching(/^[A-Za-z0-9 ._:<>[\]-]{0,6}[a-z]$/).map((text) => text.trim())
const step = fc.oneof(
  name,
  fc.constant('[]'),
  fc.uniqueArray(key, { minLength: 1, maxLength: 3 }).map((keys) => `{${keys.join(',')}}`),
  name.map((branch) => `<n.${branch}>`),
)
const path = fc.tuple(name, fc.array(step, { maxLength: 5 })).map(([first, rest]) => [first, ...rest])

describe('a path', () => {
  it('is what its text says, and the other way round', () => {
    fc.assert(
      fc.property(path, (steps) => {
        expect(parsePath(pathText(steps))).toEqual(steps)
      }),
    )
  })

  it('is written as people write it', () => {
    expect(pathText(['products', '[]', 'sku'])).toBe('products[].sku')
    expect(pathText(['flags', '{risk,channel}'])).toBe('flags{risk,channel}')
    expect(pathText(['action', '<View>', 'dwell'])).toBe('action<View>.dwell')
    expect(pathText(['a', '[]', '[]', '{k}', '<B>'])).toBe('a[][]{k}<B>')
  })

  it('may have blanks around keys and branches', () => {
    expect(parsePath('a{ b , c d }< E >')).toEqual(['a', '{b,c d}', '<E>'])
    expect(keysOf('{b,c d}')).toEqual(['b', 'c d'])
  })

  it('is one path for each key', () => {
    expect(singlePaths(['a', '{b,c}', 'd', '{e,f}']).map(pathText)).toEqual([
      'a{b}.d{e}',
      'a{b}.d{f}',
      'a{c}.d{e}',
      'a{c}.d{f}',
    ])
    expect(rawPath(['a', '{b,c}', '[]'])).toEqual(['a', '{}', '[]'])
  })

  it.each([
    ['', 0],
    ['a.', 1],
    ['a b', 1],
    ['a.b..c', 3],
    ['a[0]', 1],
    ['a{b', 1],
    ['a{b{c}}', 1],
    ['[]', 0],
    ['a[]b', 3],
    ['a{b,}', 1],
    ['a.1', 1],
    ['a.*', 1],
  ])('is not %j, and the place is told', (text, offset) => {
    expect(parsePath(text)).toEqual(expect.objectContaining({ offset, what: expect.any(String) }))
  })
})
