import { loadContracts, type Output } from '@weir/contracts'
import avsc from 'avsc'
import { describe, expect, it } from 'vitest'

const contracts = loadContracts(import.meta.dirname)
const stream = contracts.streams[0]

function output(purpose: string): Output {
  const found = stream?.outputs.find((one) => one.purpose.name === purpose)
  if (found === undefined) throw new Error(`no purpose ${purpose}`)
  return found
}

function granted(purpose: string): Record<string, string> {
  const leaves = output(purpose).policies.at(-1)?.granted.leaves ?? []
  return Object.fromEntries(leaves.map((leaf) => [leaf.path.join('.'), leaf.verb.kind]))
}

describe('the sample contract', () => {
  it('has a stream whose events name a person, a device, a time and their own signal', () => {
    expect(stream).toMatchObject({
      name: 'clickstream',
      subject: ['subjectId'],
      device: ['deviceId'],
      eventTime: ['occurredAt'],
      ownSignals: [['context', 'gpc']],
    })
  })

  it('shows each purpose a different selection', () => {
    expect(granted('personalization')).toEqual({
      eventId: 'pseudonymize',
      eventType: 'keep',
      occurredAt: 'keep',
      subjectId: 'pseudonymize',
      sessionId: 'pseudonymize',
      'page.path': 'routes',
      'geo.country': 'keep',
      'product.sku': 'keep',
      'product.category': 'keep',
      'product.priceCents': 'keep',
      'product.currency': 'keep',
      searchQuery: 'in',
    })
    expect(granted('analytics')).toEqual({
      eventType: 'keep',
      occurredAt: 'day',
      sessionId: 'pseudonymize',
      'page.path': 'routes',
      'geo.country': 'keep',
      'product.category': 'keep',
    })
    expect(granted('marketing')).toEqual({
      eventType: 'keep',
      occurredAt: 'hour',
      subjectId: 'pseudonymize',
      'product.category': 'keep',
      searchQuery: 'in',
    })
  })

  it('publishes nothing for marketing without a grant, and lets GPC deny it', () => {
    expect(output('marketing').otherwise).toBeNull()
    expect(contracts.purposes.map((purpose) => [purpose.name, purpose.gpc])).toEqual([
      ['personalization', 'ignored'],
      ['analytics', 'ignored'],
      ['marketing', 'denies'],
    ])
  })

  it('shows without a grant nothing finer than the day', () => {
    for (const purpose of ['personalization', 'analytics']) {
      const leaves = output(purpose).otherwise?.leaves ?? []
      expect(leaves.map((leaf) => `${leaf.path.join('.')} ${leaf.verb.kind}`)).toContain('occurredAt day')
    }
  })

  it('uses every verb of this version', () => {
    const verbs = new Set(
      ['personalization', 'analytics', 'marketing'].flatMap((purpose) => Object.values(granted(purpose))),
    )
    expect([...verbs].toSorted()).toEqual(['day', 'hour', 'in', 'keep', 'pseudonymize', 'routes'])
  })

  it('derives clean schemas that Avro accepts', () => {
    for (const { cleanSchema } of stream?.outputs ?? []) {
      expect(() => avsc.Type.forSchema(structuredClone(cleanSchema) as avsc.Schema)).not.toThrow()
    }
  })

  it('has events that say nothing of the device or their own signal', () => {
    const type = avsc.Type.forSchema(structuredClone(stream?.rawSchema) as avsc.Schema)
    const fields = type instanceof avsc.types.RecordType ? type.fields : []
    const defaults = Object.fromEntries(fields.map((field) => [field.name, field.defaultValue()]))
    expect([defaults['deviceId'], defaults['context']]).toMatchObject([null, { gpc: null }])
  })
})
