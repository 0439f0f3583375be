import avro from 'avsc'
import { afterAll, describe, expect, it } from 'vitest'
import { ContractCopy } from '../support/contract-copy.ts'
import { sharedWeir } from '../support/shared-weir.ts'

const PURPOSES = ['personalization']
const PEOPLE = ['old', 'renewer', 'new', 'nobody'] as const
type Person = (typeof PEOPLE)[number]
const GEO = { country: 'DE', region: 'Hamburg', city: 'Hamburg', latitude: 53.5, longitude: 10 }

interface Seen {
  readonly key: string | null
  /** Which person's event, and their how manieth; null in a stripped record, which does not tell. */
  readonly sku: string | null
  readonly geo: Record<string, unknown> | null
  readonly schemaId: number
}

describe('promise 3: a wider policy waits for a new notice', () => {
  const contract = new ContractCopy()
  const weir = sharedWeir({ contracts: contract.folder, rawPartitions: 4 }, ['projector', 'consent'])
  afterAll(() => contract.remove())

  const published: Record<Person, number> = { old: 0, renewer: 0, new: 0, nobody: 0 }

  it('shows one more leaf to new grants and not to old ones, by a rolling restart, and loses nothing', async () => {
    const slots = [0, 1].map((slot) => ({ name: `sanitizer-${slot}`, env: { WEIR_SLOT: `${slot}` } }))
    for (const { name, env } of slots) await weir().start('sanitizer', name, env).ready()
    for (const subject of ['old', 'renewer']) await weir().decide({ subject, kind: 'grant', purposes: PURPOSES })
    await publishRound()
    await weir().drained()
    const firstId = await weir().schemaId('clickstream.personalization')

    // From here on events keep coming, whatever happens to the services.
    let changed = false
    const publishing = (async () => {
      while (!changed) await publishRound()
    })()
    try {
      widen(contract)
      await weir().apply()
      for (const { name, env } of slots) {
        expect(await weir().service(name).stop('SIGTERM')).toBe(0)
        await weir().start('sanitizer', name, env).ready()
      }
      await weir().service('consent').stop('SIGTERM')
      await weir().start('consent').ready()
    } finally {
      changed = true
      await publishing
    }
    await weir().drained()
    const before = { ...published }

    for (const subject of ['renewer', 'new']) await weir().decide({ subject, kind: 'grant', purposes: PURPOSES })
    await publishRound()
    await weir().drained()

    const seen = await all()
    const granted = Map.groupBy(seen, ({ sku }) => sku?.split('-')[0] ?? 'stripped')

    // Nothing lost and nothing twice: each person's events, counted, and the rest stripped.
    expect(seen).toHaveLength(PEOPLE.reduce((sum, person) => sum + published[person], 0))
    expect(numbers(granted.get('old'))).toEqual(upTo(0, published.old))
    expect(numbers(granted.get('renewer'))).toEqual(upTo(0, published.renewer))
    expect(numbers(granted.get('new'))).toEqual(upTo(before.new, published.new))
    expect(granted.get('stripped')).toHaveLength(before.new + published.nobody)

    // The old grant sees what its notice said, before and after, under one pseudonym.
    const old = granted.get('old') ?? []
    expect(new Set(old.map(({ geo }) => JSON.stringify(geo?.['region'] ?? null)))).toEqual(new Set(['null']))
    expect(new Set(old.map(({ geo }) => geo?.['country']))).toEqual(new Set(['DE']))
    expect(new Set(old.map(({ key }) => key)).size).toBe(1)

    // Who agreed to the next notice is seen by it from then on, also under the pseudonym of an earlier grant.
    for (const { geo } of granted.get('new') ?? []) expect(geo).toEqual({ country: 'DE', region: 'Hamburg' })
    const renewed = (granted.get('renewer') ?? []).map((record) => [numberOf(record), record.geo?.['region'] ?? null])
    for (const [count, region] of renewed) expect(region).toBe(Number(count) < before.renewer ? null : 'Hamburg')
    expect(new Set(granted.get('renewer')?.map(({ key }) => key)).size).toBe(1)

    // The change was live while events came: both versions of the clean schema are in the topic.
    const nextId = await weir().schemaId('clickstream.personalization')
    expect(nextId).not.toBe(firstId)
    expect(new Set(old.map(({ schemaId }) => schemaId))).toEqual(new Set([firstId, nextId]))
  }, 240_000)

  /** As its owner writes it: the next policy file beside the one in force, and the notice raised. */
  function widen(copy: ContractCopy): void {
    const first = 'clickstream/personalization.1.yaml'
    const shown = '  geo.country: keep'
    const next = copy.changed(first, shown, `  geo.region: keep\n${shown}`).replace('notice: 1\n', 'notice: 2\n')
    const purposes = copy.changed('purposes.yaml', 'notice: 1\n', 'notice: 2\n')
    copy.write('clickstream/personalization.2.yaml', next)
    copy.write('purposes.yaml', purposes)
  }

  /** Ten events of each person; the article number says whose and which. */
  async function publishRound(): Promise<void> {
    const records = PEOPLE.flatMap((person) =>
      Array.from({ length: 10 }, () => {
        const product = { sku: `${person}-${published[person]++}`, category: 'shoes', priceCents: 1, currency: 'EUR' }
        return { key: person, value: weir().event(person, { product, geo: GEO }) }
      }),
    )
    await weir().publish(records)
  }

  /** Everything in the clean topic, each record by the schema it was written with. */
  async function all(): Promise<Seen[]> {
    const types = new Map<number, avro.Type>()
    const records = await weir().dump('clickstream.personalization')
    return Promise.all(
      records.map(async ({ key, value }) => {
        if (value === null) throw new Error('a clean record without a value')
        const schemaId = value.readUInt32BE(1)
        const type = types.get(schemaId) ?? (await writtenWith(schemaId))
        types.set(schemaId, type)
        const event = type.fromBuffer(value.subarray(5))
        return { key: key?.toString() ?? null, sku: event.product?.sku ?? null, geo: event.geo, schemaId }
      }),
    )
  }

  async function writtenWith(id: number): Promise<avro.Type> {
    const response = await fetch(`${weir().stack.SCHEMA_REGISTRY_URL}/schemas/ids/${id}`)
    const { schema } = (await response.json()) as { schema: string }
    return avro.Type.forSchema(JSON.parse(schema))
  }

  const numberOf = ({ sku }: Seen): number => Number(sku?.split('-')[1])
  const numbers = (records: readonly Seen[] = []): number[] => records.map(numberOf).toSorted((a, b) => a - b)
  const upTo = (from: number, end: number): number[] => Array.from({ length: end - from }, (_, at) => from + at)
})
