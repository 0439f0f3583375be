import { randomBytes } from 'node:crypto'
import { KeyRing, sealer } from '@weir/pseudonym'
import { expect, test } from 'vitest'
import { openFormToken, openLink, sealFormToken, sealLink } from './links.ts'
import { namedSealer } from './named-sealer.ts'

const nonce = () => randomBytes(12)
const sealerOf = (epoch: number, fill: number) => sealer(new KeyRing([[epoch, Buffer.alloc(32, fill)]], epoch))
const root = sealerOf(1, 7)
const links = namedSealer(root, 'links', nonce)
const forms = namedSealer(root, 'forms', nonce)
const subject = { kind: 'user', id: 'ada–lovelace' } as const

test('a link opens to the subject it was made for, until it runs out', () => {
  const link = sealLink(links, { subject, expiresAtMs: 1000 })
  expect(openLink(links, link, 999)).toEqual({ kind: 'open', subject })
  expect(openLink(links, link, 1000)).toEqual({ kind: 'expired' })
})

test('a link fits an address and shows nothing of the subject', () => {
  const link = sealLink(links, { subject, expiresAtMs: 1000 })
  expect(link).toMatch(/^[A-Za-z0-9_-]+$/)
  expect(Buffer.from(link, 'base64url').toString('latin1')).not.toContain('ada')
  expect(sealLink(links, { subject, expiresAtMs: 1000 })).not.toBe(link)
})

test('a link with any one character changed, added or missing does not open', () => {
  const link = sealLink(links, { subject, expiresAtMs: 1000 })
  for (let i = 0; i < link.length; i++) {
    const changed = link.slice(0, i) + (link[i] === 'A' ? 'B' : 'A') + link.slice(i + 1)
    expect(openLink(links, changed, 0).kind, `changed at ${i}`).toBe('forged')
  }
  for (const text of ['', 'x', `${link}A`, `${link}.`, link.slice(1), link.slice(0, -1)]) {
    expect(openLink(links, text, 0)).toEqual({ kind: 'forged' })
  }
})

test('a link of another key, or a form’s token, is no link', () => {
  const other = namedSealer(sealerOf(1, 8), 'links', nonce)
  expect(openLink(links, sealLink(other, { subject, expiresAtMs: 1000 }), 0).kind).toBe('forged')
  expect(openLink(links, sealFormToken(forms, 'a-link', 3), 0).kind).toBe('forged')
  expect(openLink(links, sealFormToken(links, 'a-link', 3), 0).kind).toBe('forged')
})

test('a link opens after the root key was rotated, until its epoch is retired', () => {
  const link = sealLink(links, { subject, expiresAtMs: 1000 })
  const keys = [[1, Buffer.alloc(32, 7)] as const, [2, Buffer.alloc(32, 8)] as const]
  expect(openLink(namedSealer(sealer(new KeyRing(keys, 2)), 'links', nonce), link, 0).kind).toBe('open')
  expect(openLink(namedSealer(sealerOf(2, 8), 'links', nonce), link, 0).kind).toBe('forged')
})

test('a form’s token belongs to one link and remembers what the page showed', () => {
  const token = sealFormToken(forms, 'a-link', 42)
  expect(openFormToken(forms, token, 'a-link')).toEqual({ basedOn: 42 })
  expect(openFormToken(forms, token, 'another-link')).toBeNull()
  expect(openFormToken(forms, `${token}A`, 'a-link')).toBeNull()
})
