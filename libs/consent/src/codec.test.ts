import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeForget,
  decodeForgotten,
  decodeLedger,
  decodeStateRecord,
  encodeForget,
  encodeForgotten,
  encodeLedger,
  encodeState,
  encodeStateTick,
  type LedgerRecord,
} from './codec.ts'
import { ConsentRecordError, ConsentValueError } from './errors.ts'
import { decision, foldAll, ledgers } from './fixtures/ledger.ts'
import type { ConsentState, ErasureStep, ForgetOrder, SubjectRef } from './model.ts'
import { purposeRecord } from './purpose-record.ts'

const hex16 = (): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const text = (): fc.Arbitrary<string> => fc.string({ unit: 'grapheme' })
const time = (): fc.Arbitrary<number> => fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
const TICK = { incarnation: '0a'.repeat(16), n: 7, timeMs: 1_700_000_000_000 }

function decisions(): fc.Arbitrary<LedgerRecord> {
  const choice = fc.record({
    purpose: text().filter((name) => name !== ''),
    notice: fc.nat(),
    untilMs: fc.option(time(), { nil: null }),
  })
  return fc
    .record({
      kind: fc.constantFrom('grant', 'withdraw', 'object', 'notify', 'expire', 'erase', 'link'),
      decisionId: fc.uuid(),
      ref: hex16(),
      linkedTo: fc.option(hex16(), { nil: null }),
      choices: fc.array(choice),
      decidedAtMs: time(),
      source: text(),
      jurisdiction: fc.option(text(), { nil: null }),
      basedOn: time(),
    })
    .map(({ choices, ref, linkedTo, ...rest }) => ({
      kind: 'decision',
      decision: {
        ...rest,
        ...(rest.kind === 'link' && linkedTo !== null ? { linkedTo: linkedTo as SubjectRef } : {}),
        ref: ref as SubjectRef,
        purposes: choices.map((given) => given.purpose),
        notices: choices.map((given) => given.notice),
        untilMs: choices.map((given) => given.untilMs),
      },
    }))
}

describe('codec', () => {
  test('gives back every decision and tick of the ledger as it was', () => {
    fc.assert(
      fc.property(decisions(), (record) => {
        expect(decodeLedger(encodeLedger(record))).toEqual(record)
      }),
    )
    expect(decodeLedger(encodeLedger({ kind: 'tick', tick: TICK }))).toEqual({ kind: 'tick', tick: TICK })
  })

  test('gives back every state that a ledger can make, and ticks with where they lie in the ledger', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        for (const { state } of foldAll(ledger).steps) {
          expect(decodeStateRecord(encodeState(state))).toEqual({ kind: 'state', state })
        }
      }),
    )
    const tick = { ...TICK, position: 2 ** 40 }
    expect(decodeStateRecord(encodeStateTick(tick))).toEqual({ kind: 'tick', tick })
  })

  test('gives equal bytes for equal states, whatever order their purposes were made in', () => {
    const { state } = foldAll([
      { decision: decision('grant', { purposes: ['b', 'a', '10', '9'] }), at: { offset: 0, appendTimeMs: 1 } },
    ])
    if (state === null) throw new Error('no state')
    const turned: ConsentState = { ...state, purposes: purposeRecord(Object.entries(state.purposes).reverse()) }
    expect(encodeState(turned)).toEqual(encodeState(state))
  })

  test('gives back every forget order', () => {
    const order: ForgetOrder = {
      purpose: 'ads',
      pseudonym: `255.${'0e'.repeat(16)}`,
      reason: 'withdrawn',
    }
    expect(decodeForget(encodeForget(order))).toEqual(order)
    expect(() => encodeForget({ ...order, pseudonym: '1.0e' })).toThrow(ConsentValueError)
  })

  test('gives back every step of an erasure, and what is said of a pseudonym', () => {
    const step: ErasureStep = {
      ref: '0b'.repeat(16) as SubjectRef,
      erasureId: '00000000-0000-4000-8000-000000000001',
      step: 'saltsGone',
      atMs: 1_700_000_000_000,
      checked: [{ topic: 'a.consent.state', emptyBeforeMs: 1_600_000_000_000 }],
      waitedMs: 7_200_000,
      completesMs: null,
    }
    for (const completesMs of [null, 1_800_000_000_000]) {
      const record: LedgerRecord = { kind: 'step', step: { ...step, completesMs } }
      expect(decodeLedger(encodeLedger(record))).toEqual(record)
    }
    expect(decodeForgotten(encodeForgotten({ day: 20_000 }))).toEqual({ day: 20_000 })
    // Nothing but the version and the day.
    expect(encodeForgotten({ day: 0 })).toEqual(Buffer.of(1, 0))
  })

  test('holds neither refs nor salts as text', () => {
    const { state } = foldAll([{ decision: decision('grant'), at: { offset: 0, appendTimeMs: 1 } }])
    if (state === null) throw new Error('no state')
    const salt = state.purposes['ads']?.salt ?? ''
    expect(encodeState(state).includes(salt)).toBe(false)
    expect(encodeState(state).includes(Buffer.from(salt, 'hex'))).toBe(true)
  })
})

describe('bytes that are no record', () => {
  const state = encodeState({ position: 3, purposes: {}, recent: [] })

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a version alone', Buffer.of(1)],
    ['another version', Buffer.concat([Buffer.of(2), state.subarray(1)])],
    ['bytes cut short', state.subarray(0, -1)],
    ['bytes left over', Buffer.concat([state, Buffer.of(0)])],
    ['an unknown branch', Buffer.of(1, 4)],
  ])('are refused: %s', (_what, bytes) => {
    expect(() => decodeStateRecord(bytes)).toThrow(ConsentRecordError)
    expect(() => decodeLedger(bytes)).toThrow(ConsentRecordError)
    expect(() => decodeForget(bytes)).toThrow(ConsentRecordError)
  })

  test('are refused when they name a purpose twice or out of order', () => {
    const one = (name: string): Buffer => {
      const folded = foldAll([
        { decision: decision('grant', { purposes: [name] }), at: { offset: 0, appendTimeMs: 1 } },
      ])
      if (folded.state === null) throw new Error('no state')
      return encodeState({ ...folded.state, recent: [] })
    }
    // version, branch, position, erasedPosition, erasedSinceMs, block count, entry …, end of list, no recent decisions,
    // no refusal of everything, no links
    const entryOf = (bytes: Buffer): Buffer => bytes.subarray(6, -4)
    const two = (first: Buffer, second: Buffer): Buffer =>
      Buffer.concat([first.subarray(0, 5), Buffer.of(4), entryOf(first), entryOf(second), Buffer.of(0, 0, 0, 0)])
    const [a, b] = [one('a'), one('b')]
    expect(decodeStateRecord(two(a, b)).kind).toBe('state')
    expect(() => decodeStateRecord(two(b, a))).toThrow(ConsentRecordError)
    expect(() => decodeStateRecord(two(a, a))).toThrow(ConsentRecordError)
  })

  test.each([
    ['2^30', [0x80, 0x80, 0x80, 0x80, 0x08]],
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]],
  ])('are refused at once when a list claims %s items', (_count, huge) => {
    const bytes = (...head: number[]): Buffer => Buffer.from([1, 0, ...head, ...huge])
    expect(() => decodeStateRecord(bytes(0, 1, 0))).toThrow(ConsentRecordError)
    expect(() => decodeStateRecord(bytes(0, 1, 0, 0))).toThrow(ConsentRecordError)
    expect(() => decodeStateRecord(bytes(0, 1, 0, 0, 0, 0))).toThrow(ConsentRecordError)
    expect(() => decodeLedger(bytes(0, ...new Array<number>(32).fill(7), 0))).toThrow(ConsentRecordError)
  })

  test('never make anything but a record or the typed error, whatever byte is changed', () => {
    fc.assert(
      fc.property(ledgers(), fc.nat(), fc.integer({ min: 0, max: 255 }), (ledger, at, byte) => {
        const { state: made } = foldAll(ledger)
        if (made === null) return
        const bytes = encodeState(made)
        bytes[at % bytes.length] = byte
        try {
          decodeStateRecord(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ConsentRecordError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('values that the schema cannot hold', () => {
  const encode = (given: Parameters<typeof decision>[1]) =>
    encodeLedger({ kind: 'decision', decision: decision('grant', given) })

  test.each([
    ['an id that is no UUID', { decisionId: 'x' }],
    ['a ref that is none', { ref: 'AB' as SubjectRef }],
    ['lists of unequal length', { notices: [1, 2] }],
    ['a purpose without a name', { purposes: [''] }],
    ['a name with half a character', { purposes: ['a\ud800'] }],
    ['a time with a fraction', { decidedAtMs: 0.5 }],
  ])('are refused: %s', (_what, given) => {
    expect(() => encode(given)).toThrow(ConsentValueError)
  })

  test('an id in upper case is written as in lower case', () => {
    const written = decodeLedger(encode({ decisionId: 'ABCDEF00-0000-4000-8000-000000000001' }))
    expect(written.kind === 'decision' && written.decision.decisionId).toBe('abcdef00-0000-4000-8000-000000000001')
  })
})
