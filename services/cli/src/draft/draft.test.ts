import { describe, expect, test } from 'vitest'
import { draftPolicy } from './draft-policy.ts'
import { draftSchema, schemaText } from './draft-schema.ts'
import { raiseNotice } from './raise-notice.ts'

const none = { subject: null, eventTime: null, device: null }
const TIME = { type: 'long', logicalType: 'timestamp-millis' }

function schemaOf(...fields: object[]) {
  return { type: 'record', name: 'Event', fields }
}

function tagsOf(name: string, type: unknown): readonly string[] | undefined {
  const { fields } = draftSchema(
    schemaOf({ name: 'userId', type: 'string' }, { name: 'time', type: TIME }, { name, type }),
    none,
  )
  return fields.find(({ field }) => field.name === name)?.tags
}

describe('drafted tags', () => {
  test.each([
    ['email', 'string', ['PII', 'identifier']],
    ['phone_number', ['null', 'string'], ['PII', 'identifier']],
    ['clientIp', 'string', ['PII', 'identifier']],
    ['lastName', 'string', ['PII', 'quasi-identifier']],
    ['postcode', 'string', ['PII', 'quasi-identifier', 'location']],
    ['latitude', 'double', ['PII', 'location']],
    ['country', 'string', ['location', 'quasi-identifier']],
    ['userAgent', 'string', ['identifier', 'technical']],
    ['orderId', 'string', ['identifier']],
    ['session', 'string', ['identifier']],
    ['searchQuery', 'string', ['PII', 'free-text']],
    ['pageUrl', 'string', ['PII', 'free-text']],
    ['gpc', 'boolean', ['own-signal']],
    ['gpc', 'string', ['free-text']],
    ['deviceId', ['null', 'string'], ['device', 'identifier', 'PII']],
    ['colour', 'string', ['free-text']],
    ['count', 'int', ['behaviour']],
  ])('%s', (name, type, tags) => {
    expect(tagsOf(name, type)).toEqual(tags)
  })

  test('are marked, and those that a producer gave are kept as they are', () => {
    const own = { name: 'colour', type: 'string', 'confluent:tags': ['product'], doc: 'Its colour.' }
    const { json, fields } = draftSchema(schemaOf({ name: 'userId', type: 'string' }, own), none)
    expect(json).toEqual(
      schemaOf(
        {
          name: 'userId',
          type: 'string',
          'confluent:tags': ['subject', 'identifier', 'PII', 'drafted'],
          doc: 'DRAFT: say in plain words what userId holds.',
        },
        own,
      ),
    )
    expect(fields.map((one) => one.isDraft)).toEqual([true, false])
  })

  test('find who and when also inside records, and never in lists or where null may be', () => {
    const user = { type: 'record', name: 'User', fields: [{ name: 'uid', type: 'string' }] }
    const item = { type: 'record', name: 'Item', fields: [{ name: 'userId', type: 'string' }] }
    const { steering } = draftSchema(
      schemaOf(
        { name: 'items', type: { type: 'array', items: item } },
        { name: 'customerId', type: ['null', 'string'] },
        { name: 'user', type: user },
        { name: 'sentAt', type: TIME },
        { name: 'occurred_at', type: TIME },
      ),
      none,
    )
    expect(steering).toEqual({ subject: 'user.uid', eventTime: 'occurred_at', device: null })
  })

  test('follow what is named on the command line', () => {
    const schema = schemaOf(
      { name: 'userId', type: 'string' },
      { name: 'payer', type: 'string' },
      { name: 'time', type: TIME },
    )
    const { fields } = draftSchema(schema, { ...none, subject: 'payer' })
    expect(fields.map(({ tags }) => tags.includes('subject'))).toEqual([false, true, false])
  })
})

test('a draft policy keeps the day, enums that have a default, and yes or no; nothing that may be personal', () => {
  const kind = { type: 'enum', name: 'Kind', symbols: ['a', 'b'], default: 'a' }
  const schema = draftSchema(
    schemaOf(
      { name: 'userId', type: 'string' },
      { name: 'time', type: TIME },
      { name: 'kind', type: kind },
      { name: 'mood', type: { type: 'enum', name: 'Mood', symbols: ['a'] } },
      { name: 'won', type: 'boolean' },
      { name: 'gpc', type: 'boolean' },
      { name: 'text', type: 'string' },
      { name: 'score', type: 'double' },
    ),
    none,
  )
  const text = draftPolicy(schema, { stream: 'game', purpose: 'tips', notice: 3 })
  const granted = /granted:\n((?: {2}.*\n)*)/.exec(text)?.[1]
  expect(granted).toBe('  time: day\n  kind: keep\n  won: keep\n')
})

test('a raised notice changes nothing else in purposes.yaml', () => {
  const text = '# words\ntips:\n  notice: 1   # shown\nother:\n  notice: 1\n'
  expect(raiseNotice(text, 'tips', 2)).toBe('# words\ntips:\n  notice: 2   # shown\nother:\n  notice: 1\n')
  expect(raiseNotice(text, 'none', 2)).toBeNull()
})

test('a schema is written with what is short on one line, and is the same JSON', () => {
  const { json } = draftSchema(schemaOf({ name: 'userId', type: 'string' }), none)
  expect(JSON.parse(schemaText(json))).toEqual(json)
  expect(schemaText(json)).toContain('\n      "confluent:tags": ["subject", "identifier", "PII", "drafted"],\n')
})
