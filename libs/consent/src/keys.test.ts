import { describe, expect, test } from 'vitest'
import { ConsentRecordError, ConsentValueError } from './errors.ts'
import { isTickKey, ledgerKey, refFromBytes, refToBytes, stateKey, tickKey } from './keys.ts'
import type { SubjectRef } from './model.ts'

const REF = '00112233445566778899aabbccddeeff' as SubjectRef

describe('keys', () => {
  test('a ref is its 16 bytes, wherever they lie', () => {
    const framed = Buffer.concat([Buffer.from('xx'), refToBytes(REF), Buffer.from('y')])
    expect(refFromBytes(framed, 2)).toBe(REF)
    expect(stateKey(REF)).toEqual(Buffer.from(REF, 'hex'))
    expect(() => refFromBytes(framed, 4)).toThrow(ConsentRecordError)
    expect(() => refToBytes('00' as SubjectRef)).toThrow(ConsentValueError)
  })

  test('a ledger key begins with the ref and ends with what is random', () => {
    const key = ledgerKey(REF, Buffer.alloc(16, 7))
    expect(refFromBytes(key)).toBe(REF)
    expect(key.subarray(16)).toEqual(Buffer.alloc(16, 7))
    expect(() => ledgerKey(REF, Buffer.alloc(15))).toThrow(ConsentValueError)
  })

  test('a tick has a key that no ref has', () => {
    expect(isTickKey(tickKey)).toBe(true)
    expect(isTickKey(Buffer.from('..tick..'), 2, 6)).toBe(true)
    expect(isTickKey(Buffer.from('tock'))).toBe(false)
    expect(isTickKey(Buffer.concat([tickKey, Buffer.alloc(12)]))).toBe(false)
  })
})
