import { KeyRing, padded, SealError, sealer } from '@weir/pseudonym'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openRawRecord, sealRawRecord } from './raw-record.ts'

const seals = sealer(new KeyRing([[1, Buffer.alloc(32, 6)]], 1))
const NONCE = Buffer.alloc(12, 1)
const bytes = fc.option(fc.uint8Array({ maxLength: 3_000 }).map((one) => Buffer.from(one)))

test('A raw record opens to key, value and append time as they were, null and empty told apart', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.maxSafeNat(), (key, value, appendTimeMs) => {
      const record = { key, value, appendTimeMs }
      expect(openRawRecord(seals, 't', sealRawRecord(seals, 't', record, NONCE))).toEqual(record)
    }),
  )
})

test('What was sealed for another topic does not open', () => {
  const sealed = sealRawRecord(seals, 't', { key: null, value: null, appendTimeMs: 1 }, NONCE)
  expect(() => openRawRecord(seals, 'u', sealed)).toThrow(SealError)
})

test('What opens and is no raw record is refused, however it is cut', () => {
  const whole = Buffer.concat([Buffer.from('000000016b0000000176', 'hex'), Buffer.alloc(8)])
  for (let length = 0; length < whole.length; length++) {
    const sealed = seals.seal('t', padded(whole.subarray(0, length)), NONCE)
    expect(() => openRawRecord(seals, 't', sealed)).toThrow('does not hold a raw record')
  }
  const longer = seals.seal('t', padded(Buffer.concat([whole, Buffer.alloc(1)])), NONCE)
  expect(() => openRawRecord(seals, 't', longer)).toThrow('does not hold a raw record')
})
