import avsc from 'avsc'
import { describe, expect, it } from 'vitest'
import { COUNTS, EVENT, MAIL } from './fixtures/planted.ts'
import { shop, shopWith } from './fixtures/shop.ts'
import { loadContracts } from './index.ts'

/** The clean schema of a purpose of the shop, as JSON. */
function cleanSchemaOf(purpose: string, files: ReadonlyMap<string, string>): unknown {
  const outputs = loadContracts(files).streams[0]?.outputs ?? []
  return outputs.find((output) => output.purpose.name === purpose)?.cleanSchema
}

function typeOf(schema: unknown): avsc.Type {
  return avsc.Type.forSchema(structuredClone(schema) as avsc.Schema)
}

/** The shop, with these lines alone in the policy of its counts. */
function counting(lines: string): Map<string, string> {
  return shopWith(COUNTS, '  kind: keep\n  geo.home.country: keep\n', lines.replaceAll(/^/gm, '  '))
}

/** The one field of the counts' clean schema, without the doc that other tests look at. */
function fieldOf(line: string, files: ReadonlyMap<string, string> = counting(`${line}\n`)): unknown {
  const schema = cleanSchemaOf('counts', files) as { fields: { doc?: string }[] }
  const { doc: _, ...field } = schema.fields[0] ?? {}
  return field
}

describe('the clean schema', () => {
  it('is the union of the leaves of all files in force, nullable, in source order, a name for each path', () => {
    const optional = (name: string, type: unknown, doc: string) => ({ name, doc, type: ['null', type], default: null })
    const record = (name: string, ...fields: unknown[]) => ({ type: 'record', name, fields })
    expect(cleanSchemaOf('tips', shop())).toEqual({
      type: 'record',
      name: 'ShopEvent',
      namespace: 'weir.shop.tips',
      doc: 'What the purpose "tips" may see of the stream "shop". Derived from its policies.',
      fields: [
        optional(
          'kind',
          { type: 'enum', name: 'Kind', symbols: ['view', 'buy', 'other'], default: 'other' },
          'What was done.',
        ),
        optional(
          'at',
          { type: 'long', logicalType: 'timestamp-millis' },
          'When. Here: cut to the hour (UTC); or as it is; or cut to the day (UTC).',
        ),
        optional('who', 'string', 'Customer number. Here: a stand-in, good for this purpose and one grant.'),
        optional(
          'page',
          record('Page', optional('path', 'string', 'Which page. Here: the pattern that it fits.')),
          'The page.',
        ),
        optional('geo', record('Geo', optional('country', 'string', 'Country.')), 'Where.'),
        optional('query', 'string', 'Words searched for. Here: only if a list has it.'),
      ],
    })
  })

  it('has arrays of what is named of their elements, which may be null', () => {
    const sku = { name: 'sku', doc: 'Article.', type: ['null', 'string'], default: null }
    expect(fieldOf('items[].sku: keep')).toEqual({
      name: 'items',
      type: ['null', { type: 'array', items: ['null', { type: 'record', name: 'Items', fields: [sku] }] }],
      default: null,
    })
    expect(JSON.stringify(fieldOf('items[].sizes[]: keep'))).toContain('{"type":"array","items":["null","string"]}')
  })

  it('has maps of what is named of their values, whatever the keys', () => {
    expect(fieldOf('trials{a,b}: keep')).toEqual({
      name: 'trials',
      type: ['null', { type: 'map', values: ['null', 'string'] }],
      default: null,
    })
    expect(JSON.stringify(fieldOf('scores{a}.value: decimals(1)'))).toContain(
      '{"type":"map","values":["null",{"type":"record","name":"Scores",',
    )
  })

  it('has a record for a union, with a field for each branch that is named', () => {
    const seconds = { name: 'seconds', doc: 'How long.', type: ['null', 'int'], default: null }
    const view = {
      name: 'View',
      type: ['null', { type: 'record', name: 'ActionView', fields: [seconds] }],
      default: null,
    }
    expect(fieldOf('action<View>.seconds: keep')).toEqual({
      name: 'action',
      type: ['null', { type: 'record', name: 'Action', fields: [view] }],
      default: null,
    })
    expect(JSON.stringify(fieldOf('extra<long>: keep'))).toContain(
      '{"type":"record","name":"Extra","fields":[{"name":"long","doc":"More.","type":["null","long"]',
    )
  })

  it('gives branches of one name, told apart by namespace, fields that Avro allows', () => {
    const branch = (name: string) =>
      `{"type": "record", "name": "${name}", "fields": [{"name": "v", "type": "int", "doc": "V."}]}`
    const files = counting('extra<x.Same>.v: keep\nextra<y.Same>.v: keep\n')
    files.set(
      EVENT,
      files
        .get(EVENT)
        ?.replace('["null", "string", "long"]', `["null", "string", ${branch('x.Same')}, ${branch('y.Same')}]`) ?? '',
    )
    const schema = cleanSchemaOf('counts', files)
    expect(() => typeOf(schema)).not.toThrow()
    expect(JSON.stringify(schema)).toContain('{"name":"x_Same","type":["null",{"type":"record","name":"ExtraXSame"')
  })

  it.each([
    ['ip: prefix(8, 16)', 'string'],
    ['agent: family', 'string'],
    ['link: host', 'string'],
    ['link: first(3)', 'string'],
    ['number: pseudonymize', 'string'],
    ['lat: decimals(1)', 'double'],
    ['lat: bucket(0.5)', 'double'],
    ['spent: bucket(1)', 'long'],
    ['spent: set(1)', 'long'],
    ['page.path: set(x)', 'string'],
    ['at: month', { type: 'long', logicalType: 'timestamp-millis' }],
    ['action<Buy>.channel: set(app)', 'ActionBuyChannel'],
  ])('gives %s its type', (line, type) => {
    const text = JSON.stringify(fieldOf(line))
    expect(text).toContain(typeof type === 'string' ? `"${type}"` : JSON.stringify(type))
    expect(() => typeOf(cleanSchemaOf('counts', counting(`${line}\n`)))).not.toThrow()
  })

  it('names a record inside a record by its whole path', () => {
    expect(JSON.stringify(cleanSchemaOf('counts', shop()))).toContain('"name":"GeoHome"')
  })

  it('gives two places of one raw type a type each', () => {
    const schema = cleanSchemaOf('counts', counting('geo.home.country: keep\nshipTo.country: keep\n'))
    expect(() => typeOf(schema)).not.toThrow()
    expect(JSON.stringify(schema)).toContain('"name":"ShipTo"')
  })

  it('carries no tags, since nothing of the raw leaf is left to warn of', () => {
    expect(JSON.stringify(cleanSchemaOf('mail', shop()))).not.toContain('confluent:tags')
  })

  it('keeps a logical type that is kept, and drops it where a verb writes its own text', () => {
    expect(JSON.stringify(fieldOf('id: keep'))).toContain('["null",{"type":"string","logicalType":"uuid"}]')
    expect(JSON.stringify(fieldOf('id: pseudonymize'))).not.toContain('uuid')
  })

  it('has what "only" adds', () => {
    expect(JSON.stringify(cleanSchemaOf('mail', shop()))).toContain('"name":"amount"')
  })
})

describe('names of clean types', () => {
  it.each([
    ['a record that has the name of the event', 'shipTo', 'shopEvent', 'shopEvent.country: keep\n'],
    [
      'a field that is called like the branch of another',
      'shipTo',
      'actionView',
      'actionView.country: keep\naction<View>.seconds: keep\n',
    ],
  ])('never clash: %s', (_, from, to, lines) => {
    const files = counting(lines)
    files.set(EVENT, files.get(EVENT)?.replace(`"name": "${from}"`, `"name": "${to}"`) ?? '')
    expect(() => loadContracts(files)).toThrow(/WEIR_CONTRACT_NAME_CLASH/)
  })
})

/** What a reader with one schema sees of a record written with another. */
function read(record: unknown, { writer, reader }: { writer: avsc.Type; reader: avsc.Type }): Record<string, unknown> {
  return reader.fromBuffer(writer.toBuffer(record), reader.createResolver(writer))
}

/** A clean schema before and after a change, and the whole of it as null. */
function versions(purpose: string, before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  const [old, now] = [typeOf(cleanSchemaOf(purpose, before)), typeOf(cleanSchemaOf(purpose, after))]
  return { old, now, toNow: { writer: old, reader: now }, toOld: { writer: now, reader: old } }
}

describe('a leaf that a new notice adds', () => {
  const earlier = shop()
  earlier.delete('shop/tips.2.yaml')
  earlier.set('purposes.yaml', earlier.get('purposes.yaml')?.replace('notice: 2', 'notice: 1') ?? '')
  const { toNow, toOld } = versions('tips', earlier, shop())

  it('is null for a reader of now who meets a record of before', () => {
    const record = { kind: 'buy', at: 7200000, who: '1.ab', page: { path: '/cart' } }
    expect(read(record, toNow)).toEqual(expect.objectContaining({ ...record, geo: null, query: null }))
  })

  it('is passed over by a reader of before who meets a record of now', () => {
    const record = { kind: 'view', at: 1, who: null, page: null, geo: { country: 'NO' }, query: 'lamp' }
    expect({ ...read(record, toOld) }).toEqual({ kind: 'view', at: 1, who: null, page: null })
  })
})

describe('a leaf that a new notice adds inside an array, a map and a union', () => {
  const lines = 'items[].sku: keep\nscores{a}.value: keep\naction<View>.seconds: keep\n'
  const { toNow, toOld } = versions(
    'counts',
    counting(lines),
    counting(`${lines}items[].sizes[]: keep\naction<Buy>.amount: keep\n`),
  )

  it('is null for a reader of now who meets a record of before', () => {
    const record = { items: [{ sku: 'a' }, null], scores: { a: { value: 1 } }, action: { View: { seconds: 3 } } }
    expect(read(record, toNow)).toEqual(
      expect.objectContaining({
        items: [expect.objectContaining({ sku: 'a', sizes: null }), null],
        action: expect.objectContaining({ View: expect.objectContaining({ seconds: 3 }), Buy: null }),
      }),
    )
  })

  it('is passed over by a reader of before, also where it is a whole branch', () => {
    const record = { items: [{ sku: 'a', sizes: ['S'] }], scores: null, action: { View: null, Buy: { amount: 5 } } }
    const seen = read(record, toOld)
    expect(JSON.parse(JSON.stringify(seen))).toEqual({ items: [{ sku: 'a' }], scores: null, action: { View: null } })
  })
})

describe('a leaf that a producer adds', () => {
  it('changes no clean schema, wherever it is added', () => {
    const before = cleanSchemaOf('mail', shop())
    const files = shop()
    const field = '{"name": "added", "type": "string", "default": "", "confluent:tags": ["PII"], "doc": "New."}'
    const text = files.get(EVENT) ?? ''
    for (const [from, to] of [
      ['{"name": "full"', `${field}, {"name": "full"`],
      ['{"name": "sku"', `${field}, {"name": "sku"`],
      ['{"name": "value"', `${field}, {"name": "value"`],
      ['    {"name": "id"', `    ${field}, {"name": "id"`],
      ['["null", "string", "long"]', '["null", "string", "long", "double"]'],
    ] as const) {
      expect(text.split(from)).toHaveLength(2)
      expect(cleanSchemaOf('mail', new Map(files).set(EVENT, text.replace(from, to)))).toEqual(before)
    }
  })

  it('makes an enum longer, and its symbol is the default for a reader who does not know it', () => {
    const { toOld } = versions('counts', shop(), shopWith(EVENT, '"buy", "other"', '"buy", "gift", "other"'))
    expect(read({ kind: 'gift', geo: null }, toOld)).toMatchObject({ kind: 'other' })
  })
})

describe('a leaf that is taken out', () => {
  const lines = 'kind: keep\nitems[].sku: keep\naction<View>.seconds: keep\naction<Buy>.amount: keep\n'
  const { toNow, toOld } = versions('counts', counting(lines), counting('kind: keep\naction<Buy>.amount: keep\n'))

  it('is null for a reader of before who meets a record of now', () => {
    const seen = read({ kind: 'buy', action: { Buy: { amount: 5 } } }, toOld)
    expect(JSON.parse(JSON.stringify(seen))).toEqual({
      kind: 'buy',
      items: null,
      action: { View: null, Buy: { amount: 5 } },
    })
  })

  it('is passed over by a reader of now who meets a record of before', () => {
    const seen = read({ kind: 'view', items: [{ sku: 'a' }], action: { View: { seconds: 1 }, Buy: null } }, toNow)
    expect(JSON.parse(JSON.stringify(seen))).toEqual({ kind: 'view', action: { Buy: null } })
  })

  it('from the raw schema as well is a mistake of the policy, not of the topic', () => {
    const files = shopWith(EVENT, '"name": "spent"', '"name": "paid"')
    files.set(MAIL, files.get(MAIL)?.replace('ip: prefix(24, 48)', 'spent: keep') ?? '')
    expect(() => loadContracts(files)).toThrow(/event\.avsc has no spent/)
  })
})
