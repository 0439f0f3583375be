import { readFileSync } from 'node:fs'
import { typesOf } from '@weir/producer/types'
import { expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

it('the types of the sample stream are what `weir contract types clickstream` makes of the contract today', () => {
  const rawSchema: unknown = JSON.parse(read('../../infra/contracts/clickstream/event.avsc'))
  expect(read('./clickstream-types.ts')).toBe(typesOf({ name: 'clickstream', rawSchema }))
})
