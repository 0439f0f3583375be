import { KeyRing, sealer } from '@weir/pseudonym'
import { sealRawRecord } from '@weir/quarantine'
import { expect, test } from 'vitest'
import { payloadOf, type SchemaById } from './payload.ts'

const ring = (epoch: number) => sealer(new KeyRing([[epoch, Buffer.alloc(32, epoch)]], epoch))
const SEALER = ring(1)
const SCHEMA = { type: 'record', name: 'E', fields: [{ name: 'a', type: 'string' }] }

const known: SchemaById = async () => SCHEMA

function payload(value: Buffer | null, schemaById = known, key = Buffer.from('k')) {
  const sealed = sealRawRecord(SEALER, 't', { key, value, appendTimeMs: 5 }, Buffer.alloc(12))
  return payloadOf(SEALER, 't', sealed, schemaById)
}

const EVENT = Buffer.from('0000000007047879', 'hex')

test('An event whose schema is known is shown decoded', async () => {
  expect(await payload(EVENT)).toEqual({ key: 'k', appendTimeMs: 5, event: { a: 'xy' }, hex: null, notice: null })
})

test.each<[string, Buffer, SchemaById]>([
  ['the registry has no schema 7', EVENT, async () => null],
  ['the registry gives no answer for schema 7', EVENT, async () => undefined],
  ['it does not fit schema 7', EVENT.subarray(0, 7), known],
  ['it does not fit schema 7', Buffer.concat([EVENT, EVENT]), known],
  ['it is not in Confluent wire format', Buffer.from('{"a":1}'), known],
  ['it is not in Confluent wire format', EVENT.subarray(0, 4), known],
])('What can not be decoded is shown as hex: %s', async (notice, value, schemaById) => {
  expect(await payload(value, schemaById)).toMatchObject({ event: null, hex: value.toString('hex'), notice })
})

test('A record without a value says so', async () => {
  expect(await payload(null)).toMatchObject({ hex: null, notice: 'the record has no value' })
})

test('A key that is no text is shown as hex', async () => {
  expect(await payload(EVENT, known, Buffer.of(0xff, 0xfe))).toMatchObject({ key: 'fffe' })
})

test('A record that does not open says why, and shows nothing', async () => {
  const sealed = sealRawRecord(ring(2), 't', { key: null, value: EVENT, appendTimeMs: 5 }, Buffer.alloc(12))
  expect(await payloadOf(SEALER, 't', sealed, known)).toMatch(/^there is no root key of epoch 2/)
})
