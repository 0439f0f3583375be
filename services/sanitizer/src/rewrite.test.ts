import type { Stream } from '@weir/contracts'
import { type FinishedBatch, partitionOf } from '@weir/kafka'
import { GrantKeys, KeyRing, purposeKeys } from '@weir/pseudonym'
import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import {
  chunkOf,
  grant,
  makeWorld,
  processWhole,
  rawEvent,
  refOf,
  sample,
  stateWith,
  type World,
} from '../fixtures/environment.ts'
import { rowsOf } from '../fixtures/raw-batches.ts'
import type { Environment } from './environment.ts'
import type { Outcome } from './outcome.ts'

const PEOPLE = ['anna', 'berta', 'carl', 'dora', 'emil']
const PURPOSES = ['personalization', 'analytics', 'marketing']

/** All people grant all purposes, each grant with a salt of its own. */
function worldOfPeople(stream: Stream = sample, epoch = 1): World {
  const world = makeWorld(stream)
  for (const [person, name] of PEOPLE.entries()) {
    const purposes = PURPOSES.map((purpose, at) => [purpose, { ...grant(saltOf(person, at)), epoch }] as const)
    world.states.set(refOf(name), stateWith(Object.fromEntries(purposes)))
  }
  return world
}

const saltOf = (person: number, purpose: number) => `${person}${purpose}`.repeat(16)

const row = (key: string, change: Record<string, unknown> = {}) => ({ key, value: rawEvent(key, change) })

async function run(
  world: World,
  rows: Parameters<typeof chunkOf>[0],
  change: Partial<Environment> = {},
): Promise<Outcome> {
  return processWhole({ ...world.env, ...change }, chunkOf(rows))
}

interface Clean {
  readonly partition: number
  readonly key: string | null
  readonly event: Record<string, unknown>
}

/** A purpose's records in the order in which they were sent. */
function cleanOf({ produced, env }: World, purpose: string): Clean[] {
  const plan = env.outputs.find(({ output }) => output.purpose.name === purpose) as Environment['outputs'][number]
  const type = avro.Type.forSchema(structuredClone(plan.output.cleanSchema) as avro.Schema)
  return produced
    .filter(({ topic }) => topic === plan.topic)
    .flatMap((batch) => {
      const rows = rowsOf(batch)
      return Array.from({ length: rows.count }, (_, at) => {
        const source = rows.source[at] as Buffer
        const value = source.subarray(rows.valueStart[at], rows.valueEnd[at])
        expect([value[0], value.readUInt32BE(1)]).toEqual([0, plan.schemaId])
        const hasKey = (rows.keyStart[at] as number) >= 0
        return {
          partition: batch.partition,
          key: hasKey ? source.toString('latin1', rows.keyStart[at], rows.keyEnd[at]) : null,
          event: type.fromBuffer(value.subarray(5)),
        }
      })
    })
}

const bytesOf = (batches: readonly FinishedBatch[], topic: string) =>
  batches.filter((batch) => batch.topic === topic).map(({ partition, bytes }) => [partition, bytes])

describe('records with a key', () => {
  /** Three events a person, so that their order shows. */
  const mixed = [0, 1, 2].flatMap((at) =>
    PEOPLE.map((name) => row(name, { occurredAt: 1_769_860_000_000 + at * 1_000 })),
  )

  it('lie in the key’s partition, ordered by key, each person’s in the order they came', async () => {
    const world = worldOfPeople()
    await run(world, mixed)
    for (const purpose of PURPOSES) {
      const records = cleanOf(world, purpose)
      expect(records).toHaveLength(15)
      for (const { partition, key } of records) expect(partition).toBe(partitionOf(Buffer.from(key as string), 2))
      for (const partition of [0, 1]) {
        const keys = records.filter((one) => one.partition === partition).map(({ key }) => (key as string).slice(2))
        expect(keys).toEqual(keys.toSorted())
      }
    }
    const times = Map.groupBy(cleanOf(world, 'personalization'), ({ key }) => key)
    expect(times.size).toBe(PEOPLE.length)
    for (const records of times.values()) {
      const at = records.map(({ event }) => Number(event['occurredAt']))
      expect(at).toEqual(at.toSorted())
    }
  })

  it('have other keys and another order in each purpose, whatever order they came in', async () => {
    const [world, turned] = [worldOfPeople(), worldOfPeople()]
    await run(
      world,
      PEOPLE.map((name) => row(name)),
    )
    await run(
      turned,
      PEOPLE.toReversed().map((name) => row(name)),
    )
    const keys = PURPOSES.map((purpose) => cleanOf(world, purpose).map(({ key }) => key))
    expect(new Set(keys.flat()).size).toBe(15)
    expect(PURPOSES.map((purpose) => cleanOf(turned, purpose).map(({ key }) => key))).toEqual(keys)
  })

  it('have the key in the subject leaf, and unrelated pseudonyms of one value in other leaves', async () => {
    const world = worldOfPeople()
    await run(world, [row('anna', { sessionId: 'same', eventId: 'same' })])
    const { key, event } = cleanOf(world, 'personalization')[0] as Clean
    expect(event['subjectId']).toBe(key)
    expect(new Set([key, event['sessionId'], event['eventId']]).size).toBe(3)
  })
})

describe('a row that can’t be processed', () => {
  const silent: Stream = {
    ...sample,
    ownSignals: [],
    outputs: sample.outputs.map((one) => ({ ...one, otherwise: null })),
  }

  it.each([
    ['cut short', 'WEIR_EVENT_MALFORMED', (event: Buffer) => event.subarray(0, -1)],
    ['too long', 'WEIR_EVENT_TRAILING_BYTES', (event: Buffer) => Buffer.concat([event, Buffer.of(0)])],
    ['with text that is not UTF-8', 'WEIR_EVENT_MALFORMED', (event: Buffer) => overwrite(event, 'someone@', 0xff)],
  ])('is quarantined also where every purpose withholds it: %s', async (_words, code, spoil) => {
    const outcome = await run(makeWorld(silent), [{ key: 'anna', value: spoil(rawEvent('anna')) }, row('anna')])
    expect(outcome).toMatchObject({
      kind: 'committed',
      tally: {
        rows: 2,
        quarantined: new Map([[code, 1]]),
        outputs: PURPOSES.map(() => ({ granted: 0, stripped: 0, withheld: 1 })),
      },
    })
  })

  const backwards: Stream = { ...sample, outputs: sample.outputs.toReversed() }

  // Of the purposes only personalization sees the sku.
  it.each([
    ['the first', sample],
    ['the last', backwards],
  ])(
    'is quarantined for all purposes when it is too large for %s, and leaves no trace in others',
    async (_, stream) => {
      const [world, without] = [worldOfPeople(stream), worldOfPeople(stream)]
      const others = PEOPLE.slice(1).map((name) => row(name))
      const large = row('anna', {
        product: { sku: 'S'.repeat(300), category: 'shoes', priceCents: 1, currency: 'EUR' },
      })
      const small = world.env.outputs.map((plan) => ({ ...plan, maxValueBytes: 290 }))
      expect(await run(world, [large, ...others, large], { outputs: small })).toMatchObject({
        tally: {
          rows: 6,
          quarantined: new Map([['WEIR_EVENT_TOO_LARGE', 2]]),
          outputs: PURPOSES.map(() => ({ granted: 4, stripped: 0, withheld: 0 })),
        },
      })
      await run(without, others)
      for (const { topic } of small) expect(bytesOf(world.produced, topic)).toEqual(bytesOf(without.produced, topic))
    },
  )

  it('takes none with it that is as large as its topic takes', async () => {
    const world = worldOfPeople()
    await run(world, [row('anna')])
    const sizes = world.env.outputs.map(({ topic }) => {
      const [batch] = world.produced.filter((one) => one.topic === topic)
      const rows = rowsOf(batch as FinishedBatch)
      return (rows.valueEnd[0] as number) - (rows.valueStart[0] as number)
    })
    const limited = (by: number) =>
      world.env.outputs.map((plan, at) => ({ ...plan, maxValueBytes: (sizes[at] as number) - by }))
    expect(await run(worldOfPeople(), [row('anna')], { outputs: limited(0) })).toMatchObject({
      tally: { quarantined: new Map() },
    })
    expect(await run(worldOfPeople(), [row('anna')], { outputs: limited(1) })).toMatchObject({
      tally: { quarantined: new Map([['WEIR_EVENT_TOO_LARGE', 1]]) },
    })
  })
})

describe('writer schemas', () => {
  it('live at once in a chunk, each row read by its own', async () => {
    const world = worldOfPeople()
    world.schemas.set(8, withField('before', 0))
    world.schemas.set(9, withField('after', fieldsOf(sample.rawSchema).length))
    const rows = [row('anna'), as(8, 'before'), as(9, 'after'), row('anna'), as(8, 'before')]
    expect(await run(world, rows)).toMatchObject({
      tally: { quarantined: new Map(), outputs: [{ granted: 5 }, {}, {}] },
    })
    const events = cleanOf(world, 'personalization').map(({ event }) => JSON.stringify(event))
    expect(new Set(events).size).toBe(1)
  })

  it('with a leaf that a branch can’t use send the rows it decides to quarantine, and no others', async () => {
    const world = worldOfPeople()
    world.states.delete(refOf('berta'))
    world.schemas.set(8, withTextForPrice())
    const rows = ['anna', 'berta'].map((name) => ({ key: name, value: encoded(8, withTextForPrice(), name, 'text') }))
    expect(await run(world, [...rows, row('anna')])).toMatchObject({
      tally: {
        rows: 3,
        quarantined: new Map([['WEIR_EVENT_SCHEMA_UNUSABLE', 1]]),
        outputs: [
          { granted: 1, stripped: 1, withheld: 0 },
          { granted: 1, stripped: 1, withheld: 0 },
          { granted: 1, stripped: 0, withheld: 1 },
        ],
      },
    })
  })
})

describe('a grant whose key epoch has no root key here', () => {
  const ringWith = (epochs: readonly number[]) =>
    new KeyRing(
      epochs.map((epoch) => [epoch, Buffer.alloc(32, epoch)] as const),
      1,
    )
  const keysOf = (world: World, ...epochs: number[]) => ({
    grantKeys: world.env.outputs.map(({ rule }) => new GrantKeys(purposeKeys(ringWith(epochs)), rule.purpose, 10)),
  })

  it('holds the chunk and says which key is missing; with the key it goes through', async () => {
    const world = worldOfPeople(sample, 2)
    const rows = [row('someone-else'), row('anna')]
    const held = await run(world, rows, keysOf(world, 1))
    expect(held).toMatchObject({ kind: 'held', reason: 'key-missing' })
    expect(held).toHaveProperty('why', expect.stringContaining('epoch 2'))
    expect(world.acts.slice(-2)).toEqual(['lookup 2', 'landed'])
    expect(await run(world, rows, keysOf(world, 1, 2))).toMatchObject({ kind: 'committed' })
    expect(cleanOf(world, 'personalization').map(({ key }) => key?.slice(0, 2) ?? null)).toEqual(['2.', null])
  })

  it('holds nothing that does not stand on it', async () => {
    const world = worldOfPeople(sample, 2)
    const malformed = { key: 'anna', value: Buffer.concat([rawEvent('anna'), Buffer.of(0)]) }
    expect(await run(world, [row('someone-else'), malformed], keysOf(world, 1))).toMatchObject({ kind: 'committed' })
  })
})

interface Field {
  readonly name: string
  readonly type: unknown
}

function fieldsOf(schema: unknown): Field[] {
  return (schema as { fields: Field[] }).fields
}

function withField(name: string, at: number): unknown {
  const schema = structuredClone(sample.rawSchema) as { fields: Field[] }
  schema.fields.splice(at, 0, { name, type: 'string' })
  return schema
}

/** The sample's raw schema with text where personalization keeps a number. */
function withTextForPrice(): unknown {
  const text = JSON.stringify(sample.rawSchema)
  const schema = JSON.parse(text) as { fields: Field[] }
  const product = schema.fields.find(({ name }) => name === 'product') as {
    type: [null, { fields: { name: string; type: unknown }[] }]
  }
  const price = product.type[1].fields.find(({ name }) => name === 'priceCents') as { type: unknown }
  price.type = ['null', 'string']
  return schema
}

const as = (id: number, field: string) => {
  const at = field === 'before' ? 0 : fieldsOf(sample.rawSchema).length
  return { key: 'anna', value: encoded(id, withField(field, at), 'anna', null, { [field]: 'new' }) }
}

/** The event that `rawEvent` makes, in another writer schema. */
function encoded(id: number, schema: unknown, subjectId: string, price: string | null, more: object = {}): Buffer {
  const plain = avro.Type.forSchema(structuredClone(sample.rawSchema) as avro.Schema)
  const event = plain.fromBuffer(rawEvent(subjectId).subarray(5)) as { product: object }
  const product = price === null ? event.product : { ...event.product, priceCents: price }
  const type = avro.Type.forSchema(structuredClone(schema) as avro.Schema)
  return Buffer.concat([Buffer.of(0, 0, 0, 0, id), type.toBuffer({ ...event, product, ...more })])
}

function overwrite(event: Buffer, at: string, byte: number): Buffer {
  const spoiled = Buffer.from(event)
  spoiled[spoiled.indexOf(at)] = byte
  return spoiled
}
