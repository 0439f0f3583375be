import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import { FaultCode } from '../faults.ts'
import { EVENT, PATHS, RAW, RAW_WITH_ADDED_LEAVES, rawWith } from '../fixtures/clickstream.ts'
import type { Locator } from '../port.ts'
import { type Located, newLocated } from '../read/located.ts'
import { compileLocator } from './locator.ts'

type AvscSchema = Parameters<typeof avro.Type.forSchema>[0]
const encode = (schema: unknown, event: object): Buffer =>
  avro.Type.forSchema(structuredClone(schema) as AvscSchema).toBuffer(event)

function locator(schema: unknown): Locator {
  const compiled = compileLocator(schema, PATHS)
  if ('unusable' in compiled) throw new Error(compiled.unusable)
  return compiled
}

function located(schema: unknown, event: object): { fault: FaultCode; out: Located } {
  const bytes = encode(schema, event)
  const out = newLocated()
  return { fault: locator(schema).locate(bytes, 0, bytes.length, out), out }
}

describe('locator', () => {
  test('finds subject, device, event time and own signal', () => {
    const { fault, out } = located(RAW, { ...EVENT, context: { gpc: true } })
    expect(fault).toBe(FaultCode.ok)
    expect(Buffer.from(out.subject).toString()).toBe('user-17')
    expect(Buffer.from(out.device ?? []).toString()).toBe('device-9')
    expect(out.eventTimeMs).toBe(EVENT.occurredAt)
    expect(out.ownSignal).toBe(true)
  })

  test('leaves nothing of the record before it', () => {
    const out = newLocated()
    const read = locator(RAW)
    const first = encode(RAW, { ...EVENT, context: { gpc: true } })
    const second = encode(RAW, { ...EVENT, deviceId: null, context: null })
    read.locate(first, 0, first.length, out)
    expect(read.locate(second, 0, second.length, out)).toBe(FaultCode.ok)
    expect(out.device).toBeNull()
    expect(out.ownSignal).toBe(false)
  })

  test('gives the exact bytes of an id, whatever text it is', () => {
    const id = '\uFEFFé e\u0301 \u0000 👩‍👩‍👧'
    const { out } = located(RAW, { ...EVENT, subjectId: id })
    expect(Buffer.from(out.subject)).toEqual(Buffer.from(id))
  })

  test('takes a device and a signal that the writer schema lacks as absent', () => {
    const schema = rawWith('deviceId', null) as { fields: readonly { name: string }[] }
    const older = { ...schema, fields: schema.fields.filter((field) => field.name !== 'context') }
    const { fault, out } = located(older, EVENT)
    expect(fault).toBe(FaultCode.ok)
    expect(out.device).toBeNull()
    expect(out.ownSignal).toBe(false)
  })

  test('reads a newer writer schema with more leaves', () => {
    const page = { ...EVENT.page, visitorName: 'n' }
    const { fault, out } = located(RAW_WITH_ADDED_LEAVES, { ...EVENT, page, iban: 'i' })
    expect(fault).toBe(FaultCode.ok)
    expect(Buffer.from(out.subject).toString()).toBe('user-17')
  })

  test.each([
    ['subject is missing', rawWith('subjectId', null)],
    ['subject is a number', rawWith('subjectId', { name: 'subjectId', type: 'long' })],
    ['event time is missing', rawWith('occurredAt', null)],
    ['event time has no unit', rawWith('occurredAt', { name: 'occurredAt', type: 'long' })],
    ['device is a number', rawWith('deviceId', { name: 'deviceId', type: ['null', 'long'] })],
    ['device is one of several types', rawWith('deviceId', { name: 'deviceId', type: ['null', 'long', 'string'] })],
    ['own signal is text', rawWith('context', { name: 'context', type: contextOf('string') })],
    [
      'own signal lies in one of several records',
      rawWith('context', { name: 'context', type: ['string', contextOf('boolean')] }),
    ],
    ['the schema is none', { type: 'nothing' }],
  ])('finds a writer schema unusable when the %s', (_why, schema) => {
    expect(compileLocator(schema, PATHS)).toEqual({ unusable: expect.any(String) })
  })

  test.each([
    [
      'missing subject',
      rawWith('subjectId', { name: 'subjectId', type: ['null', 'string'] }),
      { ...EVENT, subjectId: null },
      FaultCode.missingSubject,
    ],
    ['empty subject', RAW, { ...EVENT, subjectId: '' }, FaultCode.emptySubject],
    ['empty device', RAW, { ...EVENT, deviceId: '' }, FaultCode.emptyDevice],
    [
      'missing event time',
      rawWith('occurredAt', { name: 'occurredAt', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }] }),
      { ...EVENT, occurredAt: null },
      FaultCode.missingEventTime,
    ],
  ])('answers with the fault: %s', (_name, schema, event, fault) => {
    expect(located(schema, event).fault).toBe(fault)
  })

  test('rounds microseconds down to milliseconds, before 1970 too', () => {
    const schema = rawWith('occurredAt', {
      name: 'occurredAt',
      type: { type: 'long', logicalType: 'timestamp-micros' },
    })
    expect(located(schema, { ...EVENT, occurredAt: 1999 }).out.eventTimeMs).toBe(1)
    expect(located(schema, { ...EVENT, occurredAt: -1 }).out.eventTimeMs).toBe(-1)
  })

  test('tells bytes left over from bytes that are malformed', () => {
    const bytes = encode(RAW, EVENT)
    const read = locator(RAW)
    const longer = Buffer.concat([bytes, Buffer.of(0)])
    expect(read.locate(longer, 0, longer.length, newLocated())).toBe(FaultCode.trailingBytes)
    expect(read.locate(bytes, 0, bytes.length - 1, newLocated())).toBe(FaultCode.malformedAvro)
    expect(read.locate(bytes, 0, 0, newLocated())).toBe(FaultCode.malformedAvro)
  })
})

function contextOf(gpc: unknown): unknown {
  return { type: 'record', name: 'Context', fields: [{ name: 'gpc', type: ['null', gpc] }] }
}
