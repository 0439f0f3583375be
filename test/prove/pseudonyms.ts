import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import { fieldDomain, KeyRing, PseudonymMemory, purposeKeys } from '@weir/pseudonym'
import { Dice } from '../../libs/transcoder/src/fixtures/random-schema.ts'

const CASES = 200
const PURPOSES = ['a', 'a/1', 'marketing.email', 'ü']
const FIELDS = [
  ['s', 'a.b'],
  ['s', 'a'],
  ['s/a', 'b'],
] as const

/**
 * A pseudonym is what node:crypto makes by the definition, remembered or not; two of different purposes, epochs, salts,
 * fields or values are never the same.
 */
export function pseudonyms(seed: number): number {
  const dice = new Dice(seed)
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => dice.roll(256)))
  const roots = new Map([
    [1, bytes(32)],
    [dice.pick([2, 9, 255]), bytes(32)],
  ])
  const keys = purposeKeys(new KeyRing(roots, 1))
  const domains = FIELDS.map(([stream, path]) => fieldDomain(stream, path))
  const memories = domains.map((domain) => new PseudonymMemory(domain, 16))
  const salts = Array.from({ length: 3 }, () => bytes(16).toString('hex'))
  const seen = new Map<string, string>()
  for (let i = 0; i < CASES; i++) {
    const purpose = dice.pick(PURPOSES)
    const epoch = dice.pick([...roots.keys()])
    const salt = dice.pick(salts)
    const field = dice.roll(FIELDS.length)
    const value = dice.roll(2) === 0 ? Buffer.from(`v${dice.roll(20)}`) : bytes(dice.roll(90))
    const framed = Buffer.concat([Buffer.of(1), value, Buffer.of(2)])
    const out = Buffer.alloc(40)

    const key = keys.grantKey(purpose, epoch, salt)
    const memory = memories[field]
    const domain = domains[field]
    if (memory === undefined || domain === undefined) throw new Error('a field was picked from the list')
    const length = memory.write(key, framed, 1, 1 + value.length, out, 2)
    const text = out.toString('latin1', 2, 2 + length)

    const [stream, path] = FIELDS[field] as (typeof FIELDS)[number]
    const name = `${stream}/${path}`
    assert.equal(text, defined(roots.get(epoch) as Buffer, purpose, epoch, salt, name, value))
    assert.equal(key.pseudonym(domain, value), text)
    const of = JSON.stringify([purpose, epoch, salt, name, value.toString('hex')])
    assert.equal(seen.get(text) ?? of, of)
    seen.set(text, of)
  }
  return CASES
}

function defined(root: Buffer, purpose: string, epoch: number, salt: string, name: string, value: Buffer): string {
  const purposeKey = hkdfSync('sha256', root, '', `weir/purpose/${purpose}/${epoch}`, 32)
  const grantKey = createHmac('sha256', Buffer.from(purposeKey)).update(Buffer.from(salt, 'hex')).digest()
  const digest = createHmac('sha256', grantKey).update(`${name}\0`).update(value).digest('hex')
  return `${epoch}.${digest.slice(0, 32)}`
}
