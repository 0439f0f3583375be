import { describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'

/** Adds a field to a record of a schema as a producer would: at its end, with a default. */
function withField(schema: unknown, record: string, field: Record<string, unknown>): unknown {
  const changed = structuredClone(schema)
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { name, fields } = node as { name?: string; fields?: unknown[] }
    if (name === record && fields) fields.push(field)
    for (const value of Object.values(node)) visit(value)
  }
  visit(changed)
  return changed
}

const startOfDay = (timeMs: number) => Math.floor(timeMs / 86_400_000) * 86_400_000

describe('promise 1: allow-list only, leaf by leaf', () => {
  const weir = sharedWeir()

  it('gives a granted purpose exactly the leaves its policy names, as it names them', async () => {
    const { kind } = await grantAll('anna')
    expect(kind).toBe('effective')
    const occurredAt = Date.now()
    await weir().publish([
      {
        key: 'anna',
        value: weir().event('anna', {
          occurredAt,
          searchQuery: 'a thing nobody lists',
          email: 'anna@mail.example',
          phone: '+49 40 1',
        }),
      },
    ])
    await weir().drained()

    const [personalization] = await weir().clean('personalization')
    expect(personalization?.event).toEqual({
      eventId: expect.stringMatching(/^1\.[0-9a-f]{32}$/),
      eventType: 'product_view',
      occurredAt,
      subjectId: expect.stringMatching(/^1\.[0-9a-f]{32}$/),
      sessionId: expect.stringMatching(/^1\.[0-9a-f]{32}$/),
      page: { path: '/c/:category/p/:item' },
      geo: null,
      product: { sku: 'SKU-1', category: 'shoes', priceCents: 1999, currency: 'EUR' },
      searchQuery: null,
    })
    const [analytics] = await weir().clean('analytics')
    expect(analytics?.event).toEqual({
      eventType: 'product_view',
      occurredAt: startOfDay(occurredAt),
      sessionId: expect.stringMatching(/^1\.[0-9a-f]{32}$/),
      page: { path: '/c/:category/p/:item' },
      geo: null,
      product: { category: 'shoes' },
    })
    expect(personalization?.key?.toString()).toBe(personalization?.event['subjectId'])
  })

  it('strips a leaf that a producer adds tomorrow, inside a record whose other leaves pass', async () => {
    const before = (await weir().clean('personalization')).length
    const current = (await weir().registered('clickstream.raw')).schema
    const inPage = withField(current, 'Page', { name: 'secret', type: ['null', 'string'], default: null, doc: 'New.' })
    const wider = withField(inPage, 'Product', { name: 'margin', type: ['null', 'string'], default: null, doc: 'New.' })
    const registered = await weir().register('clickstream.raw', wider)
    const page = { url: 'u', path: '/cart', referrer: null, title: null, secret: 'unmistakable-secret' }
    const product = { sku: 'SKU-2', category: 'toys', priceCents: 1, currency: 'EUR', margin: 'unmistakable-margin' }
    await weir().publish([{ key: 'anna', value: weir().event('anna', { page, product }, registered) }])
    await weir().drained()

    const clean = await weir().clean('personalization')
    expect(clean).toHaveLength(before + 1)
    expect(clean.find(({ event }) => (event['page'] as { path: string }).path === '/cart')?.event['product']).toEqual({
      sku: 'SKU-2',
      category: 'toys',
      priceCents: 1,
      currency: 'EUR',
    })
    const topics = ['personalization', 'analytics', 'marketing'].map((purpose) => `clickstream.${purpose}`)
    const bytes = Buffer.concat((await weir().dump(...topics)).map((record) => record.value ?? Buffer.alloc(0)))
    expect(bytes.includes('unmistakable')).toBe(false)
  })

  it('lets nothing but the otherwise branch through for a stranger, and nothing at all where there is none', async () => {
    const marketing = (await weir().clean('marketing')).length
    // Fixed beforehand: the day of the event, whatever day it is when it is looked at.
    const occurredAt = Date.now()
    await weir().publish([{ key: 'nobody', value: weir().event('nobody', { eventType: 'purchase', occurredAt }) }])
    await weir().drained()
    const stripped = (await weir().clean('personalization')).find(({ event }) => event['eventType'] === 'purchase')
    expect(stripped?.key).toBeNull()
    expect(stripped?.event).toEqual({
      eventId: null,
      eventType: 'purchase',
      occurredAt: startOfDay(occurredAt),
      subjectId: null,
      sessionId: null,
      page: null,
      geo: null,
      product: { sku: null, category: 'shoes', priceCents: null, currency: null },
      searchQuery: null,
    })
    expect(await weir().clean('marketing')).toHaveLength(marketing)
  })

  async function grantAll(subject: string): Promise<{ kind: string }> {
    const purposes = ['personalization', 'analytics', 'marketing']
    return { kind: (await weir().decide({ subject, kind: 'grant', purposes })).status }
  }
})
