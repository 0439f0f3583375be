import { expect, test } from 'vitest'
import type { Verb } from '../../model.ts'
import { compareVerbs, type Order } from './verb-order.ts'
import { verbText } from './verb-text.ts'

const keep: Verb = { kind: 'keep' }
const pseudonymize: Verb = { kind: 'pseudonymize' }
const hour: Verb = { kind: 'hour' }
const day: Verb = { kind: 'day' }
const month: Verb = { kind: 'month' }
const family: Verb = { kind: 'family' }
const host: Verb = { kind: 'host' }
const prefix = (v4: number, v6: number): Verb => ({ kind: 'prefix', v4, v6 })
const decimals = (digits: number): Verb => ({ kind: 'decimals', digits })
const bucket = (...bounds: number[]): Verb => ({ kind: 'bucket', bounds })
const first = (characters: number): Verb => ({ kind: 'first', characters })
const routes = (...patterns: string[]): Verb => ({ kind: 'routes', patterns })
const listed = (file: string, ...values: string[]): Verb => ({ kind: 'in', file, values: new Set(values) })
const set = (constant: string): Verb => ({ kind: 'set', constant })

/** before, after, what the second shows beside the first. Each is tested the other way round too. */
const TABLE: readonly (readonly [Verb, Verb, Order])[] = [
  [keep, keep, 'same'],
  [hour, keep, 'more'],
  [day, hour, 'more'],
  [month, day, 'more'],
  [month, keep, 'more'],
  [pseudonymize, keep, 'more'],
  [family, keep, 'more'],
  [host, keep, 'more'],
  [routes('/a'), keep, 'more'],
  [listed('a', 'x'), keep, 'more'],
  [prefix(24, 48), prefix(24, 48), 'same'],
  [prefix(16, 32), prefix(24, 48), 'more'],
  [prefix(16, 48), prefix(24, 48), 'more'],
  [prefix(24, 32), prefix(16, 48), 'mixed'],
  [decimals(1), decimals(2), 'more'],
  [first(2), first(3), 'more'],
  [bucket(0, 10), bucket(0, 5, 10), 'more'],
  [bucket(0, 10), bucket(0, 5), 'mixed'],
  [bucket(0, 10), bucket(0, 10), 'same'],
  [routes('/a'), routes('/a', '/b'), 'more'],
  [routes('/a/:x', '/b'), routes('/b', '/a/:x'), 'mixed'],
  [routes('/a'), routes('/b'), 'mixed'],
  [routes('/:a/x', '/p/:b', '/c'), routes('/p/:b', '/:a/x'), 'mixed'],
  [listed('a'), { kind: 'set', constant: 'yes' }, 'mixed'],
  [{ kind: 'set', constant: 1 }, { kind: 'bucket', bounds: [1000] }, 'mixed'],
  [listed('a', 'x'), listed('a', 'x', 'y'), 'more'],
  [listed('a', 'x'), listed('b', 'x'), 'same'],
  [listed('a', 'x'), listed('a', 'y'), 'mixed'],
  [set('a'), set('a'), 'same'],
  [set('a'), set('b'), 'neither'],
  [set('a'), pseudonymize, 'more'],
  [set('a'), month, 'more'],
  [pseudonymize, first(3), 'mixed'],
  [decimals(0), bucket(0, 1), 'mixed'],
  [listed('a', 'x'), routes('/a'), 'mixed'],
  [first(9), host, 'mixed'],
]

const TURNED: Readonly<Record<Order, Order>> = {
  same: 'same',
  more: 'less',
  less: 'more',
  mixed: 'mixed',
  neither: 'neither',
}

test.each(
  TABLE.map(([before, after, order]) => ({ before, after, order, from: verbText(before), to: verbText(after) })),
)('from $from to $to is $order', ({ before, after, order }) => {
  expect(compareVerbs(before, after)).toBe(order)
  expect(compareVerbs(after, before)).toBe(TURNED[order])
})
