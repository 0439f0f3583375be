import { expect, test } from 'vitest'
import { readSchema } from '../schema/schema-node.ts'
import { twinOf } from './avro-twin.ts'
import { branchAt } from './leaf-path.ts'

const view = (namespace: string) => ({
  type: 'record',
  name: 'View',
  namespace,
  fields: [{ name: 'dwell', type: 'int' }],
})

function branch(union: readonly unknown[], name: string): string | null {
  const schema = readSchema({ type: 'record', name: 'E', fields: [{ name: 'action', type: union }] })
  const place = schema.kind === 'record' ? schema.fields[0]?.type : undefined
  if (place === undefined) throw new Error('the schema has one field')
  const found = branchAt(place, twinOf(schema), name)
  return found !== null && 'name' in found.node ? found.node.name : null
}

test('a branch is found by its full name, or by a simple name that it has alone', () => {
  expect(branch(['null', view('shop')], 'View')).toBe('shop.View')
  expect(branch(['null', view('other'), view('shop')], 'shop.View')).toBe('shop.View')
})

test('a simple name that two branches have names neither: the second may be anybody’s', () => {
  expect(branch(['null', view('other'), view('shop')], 'View')).toBeNull()
})
