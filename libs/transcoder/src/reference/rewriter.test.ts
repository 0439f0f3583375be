import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FaultCode, RewriteFault } from '../faults.ts'
import {
  branch,
  CLEAN,
  EVENT,
  GRANTED,
  KEEP,
  OTHERWISE,
  RAW,
  RAW_WITH_ADDED_LEAVES,
  type RawEvent,
  rawWith,
} from '../fixtures/clickstream.ts'
import { readSchema } from '../schema/schema-node.ts'
import type { Rewriter } from './port.ts'
import { compileRewriter } from './rewriter.ts'
import { checkWhole } from './whole-record.ts'

type AvscSchema = Parameters<typeof avro.Type.forSchema>[0]

/** Stock avsc, as a foreign reader and writer: none of the twin's tricks. */
const foreign = (schema: unknown): avro.Type => avro.Type.forSchema(structuredClone(schema) as AvscSchema)
const rawType = foreign(RAW)
const cleanType = foreign(CLEAN)
const addedType = foreign(RAW_WITH_ADDED_LEAVES)

const pseudonym = (path: readonly string[], value: Uint8Array): string =>
  `1.${path.join('/')}:${Buffer.from(value).toString('hex')}`

function run(rewriter: Rewriter, bytes: Buffer, pseudonymize: typeof pseudonym | null = pseudonym): unknown {
  return JSON.parse(JSON.stringify(cleanType.fromBuffer(bytesFrom(rewriter, bytes, pseudonymize))))
}

function bytesFrom(rewriter: Rewriter, bytes: Buffer, pseudonymize: typeof pseudonym | null): Buffer {
  const clean = rewriter.rewrite(bytes, 0, bytes.length, pseudonymize, false)
  if (clean === null) throw new Error('the event gives no output')
  return clean
}

const granted = compileRewriter(RAW, CLEAN, GRANTED)
const otherwise = compileRewriter(RAW, CLEAN, OTHERWISE)

describe('rewriter', () => {
  test('gives the leaves that the branch names, each as its verb says, and nothing else', () => {
    expect(run(granted, rawType.toBuffer(EVENT))).toEqual({
      eventId: `1.eventId:${Buffer.from(EVENT.eventId).toString('hex')}`,
      eventType: 'product_view',
      occurredAt: EVENT.occurredAt,
      subjectId: `1.subjectId:${Buffer.from('user-17').toString('hex')}`,
      page: { path: '/p/:sku' },
      geo: { country: 'DE' },
      product: { category: 'shoes', priceCents: 1999 },
      searchQuery: 'red shoes',
    })
  })

  test('makes a container null when the branch names none of its leaves, and other leaves of one it names', () => {
    expect(run(otherwise, rawType.toBuffer(EVENT), null)).toEqual({
      eventId: null,
      eventType: 'product_view',
      occurredAt: Math.floor(EVENT.occurredAt / 86_400_000) * 86_400_000,
      subjectId: null,
      page: null,
      geo: null,
      product: { category: 'shoes', priceCents: null },
      searchQuery: null,
    })
  })

  test('keeps null what is null in the record, containers too', () => {
    const event = { ...EVENT, geo: null, product: null, searchQuery: null }
    expect(run(granted, rawType.toBuffer(event))).toMatchObject({ geo: null, product: null, searchQuery: null })
  })

  test('reads the record at its place in a larger buffer', () => {
    const body = rawType.toBuffer(EVENT)
    const framed = Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), body, Buffer.from('next')])
    expect(granted.rewrite(framed, 5, 5 + body.length, pseudonym, false)).toEqual(
      granted.rewrite(body, 0, body.length, pseudonym, false),
    )
  })

  test('turns a symbol that the clean schema does not know into its default symbol', () => {
    expect(run(granted, rawType.toBuffer({ ...EVENT, eventType: 'search' }))).toMatchObject({ eventType: 'unknown' })
  })

  test('lets nothing through of leaves that a producer added beside and inside of what passes', () => {
    const event = {
      ...EVENT,
      page: { url: EVENT.page.url, visitorName: 'ADDED-NAME', path: EVENT.page.path, referrer: null },
      iban: 'ADDED-IBAN',
    }
    const bytes = addedType.toBuffer(event)
    const rewriter = compileRewriter(RAW_WITH_ADDED_LEAVES, CLEAN, GRANTED)
    const body = rawType.toBuffer(EVENT)
    expect(rewriter.rewrite(bytes, 0, bytes.length, pseudonym, false)).toEqual(
      granted.rewrite(body, 0, body.length, pseudonym, false),
    )
  })

  test('makes null what an older writer schema lacks, a leaf as well as a whole record', () => {
    const { searchQuery: _query, geo: _geo, ...older } = EVENT
    const schema = rawWith('searchQuery', null) as { fields: readonly { name: string }[] }
    const withoutBoth = { ...schema, fields: schema.fields.filter((field) => field.name !== 'geo') }
    const rewriter = compileRewriter(withoutBoth, CLEAN, GRANTED)
    expect(run(rewriter, foreign(withoutBoth).toBuffer(older))).toMatchObject({
      searchQuery: null,
      geo: null,
      product: { category: 'shoes' },
    })
  })

  test('widens what an older writer schema wrote in a narrower type', () => {
    const schema = rawWith('product', {
      name: 'product',
      type: {
        type: 'record',
        name: 'Product',
        fields: [
          { name: 'category', type: 'string' },
          { name: 'priceCents', type: 'int' },
        ],
      },
    })
    const rewriter = compileRewriter(schema, CLEAN, GRANTED)
    expect(
      run(rewriter, foreign(schema).toBuffer({ ...EVENT, product: { category: 'a', priceCents: -5 } })),
    ).toMatchObject({ product: { category: 'a', priceCents: -5 } })
  })

  test.each([
    ['a kept leaf of a type that the clean one cannot hold', rawWith('eventType', { name: 'eventType', type: 'long' })],
    ['a route of a number', rawWith('page', { name: 'page', type: pageWith('long') })],
    ['a time of another unit', rawWith('occurredAt', { name: 'occurredAt', type: micros() })],
    ['no schema', 'nonsense'],
  ])('finds a writer schema unusable: %s', (_why, schema) => {
    const rewriter = compileRewriter(schema, CLEAN, GRANTED)
    expect(faultOf(() => rewriter.rewrite(Buffer.from([1, 2, 3]), 0, 3, pseudonym, false))).toBe(
      FaultCode.unusableSchema,
    )
  })

  test('refuses a branch that names what the clean schema does not have, or a record of it', () => {
    expect(() => compileRewriter(RAW, CLEAN, branch({ email: KEEP }))).toThrow(/email/)
    expect(() => compileRewriter(RAW, CLEAN, branch({ product: KEEP }))).toThrow(/product/)
  })

  test('refuses a clean schema with a field that cannot be null', () => {
    const clean = { type: 'record', name: 'E', fields: [{ name: 'eventType', type: 'string' }] }
    expect(() => compileRewriter(RAW, clean, branch({ eventType: KEEP }))).toThrow(/can't be null/)
  })

  test('never pseudonymizes without a key', () => {
    const body = rawType.toBuffer(EVENT)
    expect(() => granted.rewrite(body, 0, body.length, null, false)).toThrow(/needs a grant's key/)
  })
})

describe('properties', () => {
  test('no leaf that the branch does not name changes a byte of the output', () => {
    fc.assert(
      fc.property(events(), events(), (event, other) => {
        // What `otherwise` names comes from `event`, and so does whether there is a product; all else from `other`.
        const product =
          event.product === null ? null : { ...(other.product ?? PRODUCT), category: event.product.category }
        const twin: RawEvent = { ...other, eventType: event.eventType, occurredAt: event.occurredAt, product }
        expect(bytesOf(otherwise, twin, null)).toEqual(bytesOf(otherwise, event, null))
      }),
      { numRuns: 200 },
    )
  })

  test('a foreign reader finds in the output the named leaves as they were, and null elsewhere', () => {
    fc.assert(
      fc.property(events(), (event) => {
        const clean = cleanType.fromBuffer(bytesOf(otherwise, event, null))
        expect({ ...clean }).toMatchObject({ eventId: null, subjectId: null, page: null, geo: null, searchQuery: null })
        expect(clean.product?.category ?? null).toBe(event.product?.category ?? null)
        expect(clean.product?.priceCents ?? null).toBeNull()
      }),
      { numRuns: 200 },
    )
  })

  test('any bytes either give a clean record or a fault, and nothing else is thrown', () => {
    fc.assert(
      fc.property(events(), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (event, at, byte, cut) => {
        const bytes = rawType.toBuffer(event)
        bytes[at % bytes.length] = byte
        const end = cut % 3 === 0 ? cut % bytes.length : bytes.length
        let clean: Buffer | null = null
        const fault = faultOf(() => {
          clean = granted.rewrite(bytes, 0, end, pseudonym, false)
        })
        expect(clean === null).toBe(fault !== FaultCode.ok)
        if (clean !== null) expect(checkWhole(readSchema(CLEAN), clean, 0, Buffer.byteLength(clean))).toBe(FaultCode.ok)
      }),
      { numRuns: 1000 },
    )
  })
})

const PRODUCT = { sku: 'other', category: 'other', priceCents: 1 }

function bytesOf(rewriter: Rewriter, event: RawEvent, pseudonymize: typeof pseudonym | null): Buffer {
  return bytesFrom(rewriter, rawType.toBuffer(event), pseudonymize)
}

function events(): fc.Arbitrary<RawEvent> {
  const text = fc.string({ unit: 'grapheme' })
  // Stock avsc writes no more than this.
  const avscLong = fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
  const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null })
  return fc.record({
    eventId: text,
    eventType: fc.constantFrom('page_view', 'product_view', 'add_to_cart', 'purchase', 'search'),
    occurredAt: avscLong,
    subjectId: text,
    sessionId: text,
    deviceId: orNull(text),
    page: fc.record({ url: text, path: text, referrer: orNull(text) }),
    geo: orNull(fc.record({ country: text, latitude: fc.double() })),
    product: orNull(fc.record({ sku: text, category: text, priceCents: avscLong })),
    searchQuery: orNull(text),
    email: orNull(text),
    experiments: fc.dictionary(fc.string(), text),
    context: orNull(fc.record({ gpc: orNull(fc.boolean()) })),
  })
}

function faultOf(action: () => unknown): FaultCode {
  try {
    action()
  } catch (error) {
    if (error instanceof RewriteFault) return error.fault
    throw error
  }
  return FaultCode.ok
}

function pageWith(path: unknown): unknown {
  return { type: 'record', name: 'Page', fields: [{ name: 'path', type: path }] }
}

function micros(): unknown {
  return { type: 'long', logicalType: 'timestamp-micros' }
}
