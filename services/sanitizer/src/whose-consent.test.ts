import type { Branch, Output, Stream } from '@weir/contracts'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import {
  chunkOf,
  GRANTED_AT_MS,
  grant,
  makeWorld,
  processWhole,
  type RawRow,
  rawEvent,
  refOf,
  sample,
  stateWith,
  type World,
} from '../fixtures/environment.ts'
import { rowsOf } from '../fixtures/raw-batches.ts'
import type { Outcome } from './outcome.ts'

const withdrawn = { ...grant(), status: 'withdrawn' as const, salt: null }
const all = { personalization: grant(), analytics: grant(), marketing: grant() }

const event = (change: Record<string, unknown> = {}): RawRow => ({ key: 'anna', value: rawEvent('anna', change) })

function worldOfAnna(stream: Stream = sample, purposes: Parameters<typeof stateWith>[0] = all): World {
  const world = makeWorld(stream)
  world.states.set(refOf('anna'), stateWith(purposes))
  return world
}

const outcomeOf = (world: World, ...rows: RawRow[]): Promise<Outcome> => processWhole(world.env, chunkOf(rows))

const granted = (...counts: number[]) => ({
  kind: 'committed',
  tally: { outputs: counts.map((count) => ({ granted: count })) },
})

describe('an event with a device', () => {
  const onPhone = event({ deviceId: 'phone' })

  it('loses what the device refused, and the purposes that its own signal denies', async () => {
    const world = worldOfAnna()
    world.states.set(refOf('phone', 'device'), stateWith({ analytics: withdrawn }))
    expect(await outcomeOf(world, onPhone)).toMatchObject(granted(1, 0, 1))
    expect(await outcomeOf(world, event({ deviceId: 'phone', context: { gpc: true } }))).toMatchObject(granted(1, 0, 0))
  })

  it('gains nothing from what the device granted', async () => {
    const world = worldOfAnna(sample, {})
    world.states.set(refOf('phone', 'device'), stateWith(all))
    expect(await outcomeOf(world, onPhone)).toMatchObject(granted(0, 0, 0))
    world.states.delete(refOf('anna'))
    expect(await outcomeOf(world, onPhone)).toMatchObject(granted(0, 0, 0))
  })

  it('is decided again when the device refused before the fence', async () => {
    const world = worldOfAnna()
    world.whileOpening = () => world.states.set(refOf('phone', 'device'), stateWith({ analytics: withdrawn }))
    expect(await outcomeOf(world, onPhone)).toMatchObject({ kind: 'stale' })
  })
})

describe('a record whose key is not the subject', () => {
  it.each(['ann', 'anna ', 'Anna', 'annb', ''])('is quarantined: %j', async (key) => {
    const outcome = await outcomeOf(worldOfAnna(), { ...event(), key })
    expect(outcome).toMatchObject({ tally: { quarantined: new Map([['WEIR_EVENT_KEY_DIFFERS', 1]]) } })
  })
})

describe('an event from before the grant', () => {
  it('has no key, and the time of the branch for everyone, though the person is granted in another row', async () => {
    const world = worldOfAnna()
    const before = GRANTED_AT_MS - 1
    await outcomeOf(world, event({ occurredAt: before }), event({ occurredAt: GRANTED_AT_MS }))
    const records = recordsOf(world, sample.outputs[0] as Output)
    const [stripped, other] = [records.find(({ key }) => key === null), records.find(({ key }) => key !== null)]
    expect(records).toHaveLength(2)
    expect(stripped).toMatchObject({ timeMs: dayOf(before), clean: { subjectId: null, occurredAt: dayOf(before) } })
    expect(other).toMatchObject({ timeMs: GRANTED_AT_MS, clean: { subjectId: other?.key } })
  })
})

describe('a policy of a later notice', () => {
  it('decides over nothing that was granted under an earlier one', async () => {
    const [first, ...others] = sample.outputs as readonly [Output, ...Output[]]
    const [policy] = first.policies
    if (policy === undefined) throw new Error('the sample has a policy')
    const narrow = policy.granted.leaves.filter(({ path }) => path.join('.') !== 'product.sku')
    const policies = [
      { ...policy, granted: { ...policy.granted, leaves: narrow } },
      { ...policy, notice: 2 },
    ]
    const world = worldOfAnna({ ...sample, outputs: [{ ...first, policies }, ...others] })
    await outcomeOf(world, event())
    expect(recordsOf(world, first)[0]?.clean['product']).toMatchObject({ sku: null, category: 'shoes' })
  })
})

describe('a sensitive value', () => {
  const sensitive = (branch: Branch, needs: string): Branch => ({
    ...branch,
    sensitive: { by: ['product', 'category'], file: 'lists/shoes.txt', values: new Set(['shoes']), needs },
  })

  it('passes for one purpose, and not for another that needs what was not granted', async () => {
    const needs = ['health', 'marketing']
    const outputs = sample.outputs.map((output, i) => {
      const need = needs[i]
      const policies = output.policies.map((one) => {
        return need === undefined ? one : { ...one, granted: sensitive(one.granted, need) }
      })
      return { ...output, policies }
    })
    const world = worldOfAnna({ ...sample, outputs }, { personalization: grant(), analytics: grant(), health: grant() })
    expect(await outcomeOf(world, event())).toMatchObject(granted(1, 0, 0))
  })

  it('does not pass for what the device granted', async () => {
    const [first, ...others] = sample.outputs as readonly [Output, ...Output[]]
    const policies = first.policies.map((one) => ({ ...one, granted: sensitive(one.granted, 'health') }))
    const world = worldOfAnna({ ...sample, outputs: [{ ...first, policies }, ...others] })
    world.states.set(refOf('phone', 'device'), stateWith({ ...all, health: grant() }))
    expect(await outcomeOf(world, event({ deviceId: 'phone' }))).toMatchObject(granted(0, 1, 1))
  })
})

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / 86_400_000) * 86_400_000
}

interface Sent {
  readonly key: string | null
  readonly timeMs: number
  readonly clean: Record<string, unknown>
}

function recordsOf({ produced }: World, { topic, cleanSchema }: Output): Sent[] {
  const type = avro.Type.forSchema(structuredClone(cleanSchema) as avro.Schema)
  return produced
    .filter((batch) => batch.topic === topic)
    .flatMap((batch) => {
      const rows = rowsOf(batch)
      return Array.from({ length: rows.count }, (_, at) => {
        const source = rows.source[at] as Buffer
        const [start, end] = [rows.keyStart[at] as number, rows.keyEnd[at] as number]
        return {
          key: start < 0 ? null : source.toString('latin1', start, end),
          timeMs: rows.timestampMs[at] as number,
          clean: type.fromBuffer(source.subarray((rows.valueStart[at] as number) + 5, rows.valueEnd[at])),
        }
      })
    })
}
