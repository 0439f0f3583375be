import { type Branch, type Output, pathText, type Stream } from '@weir/contracts'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import {
  chunkOf,
  grant,
  makeWorld,
  NOW_MS,
  processWhole,
  rawEvent,
  refOf,
  sample,
  stateWith,
  type World,
} from '../fixtures/environment.ts'

/** The sample, its first output with other rules, which need the purpose "health". */
function streamWith(change: (branch: Branch) => Branch, needs: readonly string[] = []): Stream {
  const [first, ...others] = sample.outputs as readonly [Output, ...Output[]]
  const policies = first.policies.map((policy) => ({ ...policy, needs, granted: change(policy.granted) }))
  return { ...sample, outputs: [{ ...first, policies }, ...others] }
}

const withheldShoes = streamWith((branch) => ({
  ...branch,
  sensitive: {
    by: ['product', 'category'],
    file: 'lists/shoes.txt',
    values: new Set(['shoes']),
    needs: 'health',
  },
}))

const anna = { key: 'anna', value: rawEvent('anna') }
const withdrawn = { ...grant(), status: 'withdrawn' as const, salt: null }

function worldOf(stream: Stream, purposes: Parameters<typeof stateWith>[0]): World {
  const world = makeWorld(stream)
  world.states.set(refOf('anna'), stateWith(purposes))
  return world
}

const outcomeOf = async (world: World, ...rows: Parameters<typeof chunkOf>[0]) =>
  processWhole(world.env, chunkOf(rows.length === 0 ? [anna] : rows))

const first = (counts: object) => ({ kind: 'committed', tally: { outputs: [counts, {}, {}] } })

describe('a purpose that needs another', () => {
  const both = streamWith((branch) => branch, ['health'])

  it('is granted when both are, and stripped when the other is not', async () => {
    expect(await outcomeOf(worldOf(both, { personalization: grant(), health: grant() }))).toMatchObject(
      first({ granted: 1, stripped: 0 }),
    )
    expect(await outcomeOf(worldOf(both, { personalization: grant() }))).toMatchObject(
      first({ granted: 0, stripped: 1 }),
    )
  })

  it('is decided again when the other was withdrawn before the fence', async () => {
    const world = worldOf(both, { personalization: grant(), health: grant() })
    world.whileOpening = () =>
      world.states.set(refOf('anna'), stateWith({ personalization: grant(), health: withdrawn }, 9))
    expect(await outcomeOf(world)).toMatchObject({ kind: 'stale' })
  })
})

describe('an event with a sensitive value', () => {
  it('is withheld and counted so, unless the purpose it needs is granted too', async () => {
    const world = worldOf(withheldShoes, { personalization: grant() })
    expect(await outcomeOf(world)).toMatchObject(first({ granted: 0, stripped: 0, withheld: 1 }))
    expect(world.produced.map(({ topic }) => topic)).toEqual(['clickstream.analytics', 'weir.audit'])

    expect(await outcomeOf(worldOf(withheldShoes, { personalization: grant(), health: grant() }))).toMatchObject(
      first({ granted: 1, withheld: 0 }),
    )
  })

  it('passes with another value', async () => {
    const hats = rawEvent('anna', { product: { sku: 'H', category: 'hats', priceCents: 1, currency: 'EUR' } })
    const world = worldOf(withheldShoes, { personalization: grant() })
    expect(await outcomeOf(world, { key: 'anna', value: hats }, anna)).toMatchObject(first({ granted: 1, withheld: 1 }))
  })

  it('is decided again when the purpose it needs was withdrawn, or granted, before the fence', async () => {
    const having = { personalization: grant(), health: grant() }
    for (const [before, after] of [
      [having, { ...having, health: withdrawn }],
      [{ personalization: grant() }, having],
    ] as const) {
      const world = worldOf(withheldShoes, before)
      world.whileOpening = () => world.states.set(refOf('anna'), stateWith(after, 9))
      expect(await outcomeOf(world)).toMatchObject({ kind: 'stale' })
    }
  })

  it('is not decided again for a change that can make no difference', async () => {
    const world = worldOf(withheldShoes, { personalization: grant() })
    world.whileOpening = () =>
      world.states.set(refOf('anna'), stateWith({ personalization: grant(), health: withdrawn }, 9))
    expect(await outcomeOf(world)).toMatchObject({ kind: 'committed' })
  })
})

describe('a branch for some events', () => {
  const purchases = streamWith((branch) => ({
    ...branch,
    events: [{ path: ['eventType'], constants: ['purchase'] }],
  }))

  it('withholds the others, and publishes its own', async () => {
    const bought = { key: 'anna', value: rawEvent('anna', { eventType: 'purchase' }) }
    const world = worldOf(purchases, { personalization: grant() })
    expect(await outcomeOf(world, anna, bought, anna)).toMatchObject(first({ granted: 1, withheld: 2 }))
  })
})

describe('a branch that hides the event time, or shows it in some events', () => {
  const timeless = streamWith(({ leaves, ...branch }) => {
    const rest = leaves.filter(({ path }) => pathText(path) !== 'occurredAt')
    const when = [{ path: ['eventType'], constants: ['purchase'] }]
    const time = { path: ['occurredAt'], verb: { kind: 'keep' as const } }
    return { ...branch, leaves: rest, only: [{ when, leaves: [time] }] }
  })

  it('gives records the processing hour, those that show it too', async () => {
    const occurredAt = NOW_MS - 7 * 86_400_000
    const old = grant()
    const world = worldOf(timeless, { personalization: { ...old, sinceMs: 0 } })
    const bought = { key: 'anna', value: rawEvent('anna', { eventType: 'purchase', occurredAt }) }
    expect(await outcomeOf(world, bought)).toMatchObject(first({ granted: 1 }))
    const { bytes } = world.produced[0] as { bytes: Buffer }
    expect(Number(bytes.readBigInt64BE(BASE_TIMESTAMP_AT))).toBe(Date.UTC(2026, 0, 31, 12))
    expect(cleanValue(bytes, sample.outputs[0] as Output, 100)).toMatchObject({ occurredAt, eventType: 'purchase' })
  })
})

/** KIP-98's record batch: base offset, length, leader epoch, magic, CRC, attributes and last delta stand before it. */
const BASE_TIMESTAMP_AT = 27

/** The one clean value in a batch. */
function cleanValue(bytes: Buffer, output: Output, schemaId: number): unknown {
  const at = bytes.indexOf(Buffer.of(0, 0, 0, 0, schemaId))
  const type = avro.Type.forSchema(structuredClone(output.cleanSchema) as avro.Schema)
  return type.fromBuffer(bytes.subarray(at + 5), undefined, true)
}
