import { createHash } from 'node:crypto'
import { WINDOW } from './byte-search.ts'

export const ENCODINGS = ['plain', 'hex', 'base64 +0', 'base64 +1', 'base64 +2', 'sha-256', 'sha-256 hex'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** The ways in which a value could hide in other bytes; those too short to mean anything are left out. */
export function encodingsOf(value: Buffer): [Encoding, Buffer][] {
  const digest = createHash('sha256').update(value).digest()
  const all: [Encoding, Buffer][] = [
    ['plain', value],
    ['hex', Buffer.from(value.toString('hex'))],
    ...([0, 1, 2] as const).map((shift): [Encoding, Buffer] => [`base64 +${shift}`, base64Inside(value, shift)]),
    ['sha-256', digest],
    ['sha-256 hex', Buffer.from(digest.toString('hex'))],
  ]
  return all.filter(([, bytes]) => bytes.length >= WINDOW)
}

/**
 * The characters that base64 gives for a value when `shift` other bytes stand before it in its group of three: those
 * that share bits with its neighbours are cut off, so they are found whatever the neighbours are.
 */
function base64Inside(value: Buffer, shift: 0 | 1 | 2): Buffer {
  const text = Buffer.concat([Buffer.alloc(shift), value])
    .toString('base64')
    .replace(/=+$/, '')
  const from = Math.ceil((shift * 8) / 6)
  const to = Math.floor(((shift + value.length) * 8) / 6)
  return Buffer.from(text.slice(from, to))
}
