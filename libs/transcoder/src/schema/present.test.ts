import { expect, test } from 'vitest'
import { branchAt, isMentioned, presentAt } from './present.ts'
import { readSchema, type SchemaNode } from './schema-node.ts'

const view = (namespace: string, name: string) => ({ type: 'record', name, namespace, fields: [] })
const UNION = readSchema(['null', view('shop', 'View'), view('app', 'View'), view('app', 'Buy')]) as SchemaNode & {
  readonly kind: 'union'
}

test('A branch goes by its full name, or by the simple one where that names one alone', () => {
  expect(branchAt(UNION, 'app.View')).toEqual({ node: UNION.branches[2], index: 2 })
  expect(branchAt(UNION, 'Buy')).toEqual({ node: UNION.branches[3], index: 3 })
  expect(branchAt(UNION, 'View')).toBeNull()
  expect(branchAt(UNION, 'null')).toBeNull()
  expect(branchAt(UNION, 'Sell')).toBeNull()
})

test('Without a branch nothing is present in a union of several types, and whatever is in it counts as mentioned', () => {
  expect(presentAt(UNION)).toBeNull()
  expect(presentAt(readSchema(['string', 'long']))).toBeNull()
  expect(presentAt(readSchema(['null']))).toBeNull()
  expect(presentAt(readSchema(['string', 'null']))).toEqual({ node: readSchema('string'), index: 0 })
  expect(isMentioned(UNION, [])).toBe(true)
  expect(isMentioned(UNION, ['<View>'])).toBe(true)
  expect(isMentioned(UNION, ['<Sell>'])).toBe(false)
})
