import avsc from 'avsc'
import { describe, expect, it } from 'vitest'
import { shop } from './fixtures/shop.ts'
import { loadContracts } from './index.ts'

/** The clean schema of a purpose of the shop, as JSON. */
function cleanSchemaOf(purpose: string, files: ReadonlyMap<string, string>): unknown {
  const outputs = loadContracts(files).streams[0]?.outputs ?? []
  return outputs.find((output) => output.purpose.name === purpose)?.cleanSchema
}

/** The shop before notice 2 of its tips. */
function earlier(): Map<string, string> {
  const files = shop()
  files.delete('shop/tips.2.yaml')
  return files.set('purposes.yaml', files.get('purposes.yaml')?.replace('notice: 2', 'notice: 1') ?? '')
}

function typeOf(schema: unknown): avsc.Type {
  return avsc.Type.forSchema(structuredClone(schema) as avsc.Schema)
}

describe('the clean schema', () => {
  it('is the union of the leaves of all files in force, nullable, in source order, a name for each path', () => {
    expect(cleanSchemaOf('tips', shop())).toEqual({
      type: 'record',
      name: 'ShopEvent',
      namespace: 'weir.shop.tips',
      doc: 'What the purpose "tips" may see of the stream "shop". Derived from its policies.',
      fields: [
        {
          name: 'kind',
          doc: 'What was done.',
          type: ['null', { type: 'enum', name: 'Kind', symbols: ['view', 'buy', 'other'], default: 'other' }],
          default: null,
        },
        { name: 'at', doc: 'When.', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }], default: null },
        { name: 'who', doc: 'Customer number.', type: ['null', 'string'], default: null },
        {
          name: 'page',
          doc: 'The page.',
          type: [
            'null',
            {
              type: 'record',
              name: 'Page',
              fields: [{ name: 'path', doc: 'Which page.', type: ['null', 'string'], default: null }],
            },
          ],
          default: null,
        },
        {
          name: 'geo',
          doc: 'Where.',
          type: [
            'null',
            {
              type: 'record',
              name: 'Geo',
              fields: [{ name: 'country', doc: 'Country.', type: ['null', 'string'], default: null }],
            },
          ],
          default: null,
        },
        { name: 'query', doc: 'Words searched for.', type: ['null', 'string'], default: null },
      ],
    })
  })

  it('names a record inside a record by its whole path', () => {
    const names = JSON.stringify(cleanSchemaOf('counts', shop()))
    expect(names).toContain('"name":"GeoHome"')
  })

  it('gives two places of one raw type a type each', () => {
    const files = shop()
    files.set('shop/counts.1.yaml', `${files.get('shop/counts.1.yaml')}  shipTo.country: keep\n`)
    const schema = cleanSchemaOf('counts', files)
    expect(() => typeOf(schema)).not.toThrow()
    expect(JSON.stringify(schema)).toContain('"name":"ShipTo"')
  })

  it('carries no tags, since nothing of the raw leaf is left to warn of', () => {
    expect(JSON.stringify(cleanSchemaOf('tips', shop()))).not.toContain('confluent:tags')
  })

  it('keeps a logical type that is kept, and drops it where a verb writes its own text', () => {
    const files = shop()
    files.set('shop/counts.1.yaml', `${files.get('shop/counts.1.yaml')}  id: keep\n`)
    expect(JSON.stringify(cleanSchemaOf('counts', files))).toContain('["null",{"type":"string","logicalType":"uuid"}]')
    files.set('shop/counts.1.yaml', files.get('shop/counts.1.yaml')?.replace('id: keep', 'id: pseudonymize') ?? '')
    expect(JSON.stringify(cleanSchemaOf('counts', files))).not.toContain('uuid')
  })
})

describe('a leaf that a new notice adds', () => {
  const before = typeOf(cleanSchemaOf('tips', earlier()))
  const after = typeOf(cleanSchemaOf('tips', shop()))

  it('is null for a reader of now who meets a record of before', () => {
    const old = before.toBuffer({ kind: 'buy', at: 7200000, who: '1.ab', page: { path: '/cart' } })
    expect(after.fromBuffer(old, after.createResolver(before))).toMatchObject({
      kind: 'buy',
      at: 7200000,
      who: '1.ab',
      page: { path: '/cart' },
      geo: null,
      query: null,
    })
  })

  it('is passed over by a reader of before who meets a record of now', () => {
    const record = { kind: 'view', at: 1, who: null, page: null, geo: { country: 'NO' }, query: 'lamp' }
    const read = before.fromBuffer(after.toBuffer(record), before.createResolver(after))
    expect(read).toMatchObject({ kind: 'view', at: 1, who: null, page: null })
    expect(Object.keys(read)).toEqual(['kind', 'at', 'who', 'page'])
  })
})

describe('an enum that a producer extends', () => {
  it('is read as its default by a reader who does not know the symbol', () => {
    const files = shop()
    files.set(
      'shop/event.avsc',
      files.get('shop/event.avsc')?.replace('"buy", "other"', '"buy", "gift", "other"') ?? '',
    )
    const [reader, writer] = [typeOf(cleanSchemaOf('counts', shop())), typeOf(cleanSchemaOf('counts', files))]
    const read = reader.fromBuffer(writer.toBuffer({ kind: 'gift', geo: null }), reader.createResolver(writer))
    expect(read).toMatchObject({ kind: 'other' })
  })
})
