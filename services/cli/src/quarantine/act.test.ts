import { KeyRing, sealer } from '@weir/pseudonym'
import { expect, test } from 'vitest'
import { type Act, decodeAct, encodeAct, openAct } from './act.ts'

const act: Act = {
  kind: 'expire',
  stream: 'clickstream',
  topic: 'a.clickstream.quarantine',
  code: null,
  ranges: [{ partition: 2, from: 5, to: 2 ** 40 }],
  role: 'on call',
  why: 'a ticket',
  user: 'sam',
  host: 'box',
  atMs: 1_700_000_000_000,
}

test('An act is read back as it was written, for all reasons or for one', () => {
  for (const code of [null, 'WEIR_EVENT_EMPTY'])
    expect(decodeAct(encodeAct({ ...act, code }))).toEqual({ ...act, code })
})

test('Another version, bytes that are left, and bytes that lack are refused', () => {
  const bytes = encodeAct(act)
  expect(() => decodeAct(Buffer.concat([Buffer.of(2), bytes.subarray(1)]))).toThrow('version 2')
  expect(() => decodeAct(Buffer.concat([bytes, Buffer.of(0)]))).toThrow()
  expect(() => decodeAct(bytes.subarray(0, -1))).toThrow()
})

test('A record of weir.acts that is no act says why, and is no failure of the others', () => {
  const SEALER = sealer(new KeyRing([[1, Buffer.alloc(32, 6)]], 1))
  const sealed = (plain: Buffer) => SEALER.seal('acts', plain, Buffer.alloc(12))
  expect(openAct(SEALER, 'acts', sealed(Buffer.of(9)))).toMatch(/version 9/)
  expect(openAct(SEALER, 'acts', sealed(Buffer.of(1, 0)))).toBe('it holds no act')
  expect(typeof openAct(SEALER, 'acts', Buffer.alloc(0))).toBe('string')
  expect(typeof openAct(SEALER, 'other', sealed(Buffer.of(1)))).toBe('string')
})
