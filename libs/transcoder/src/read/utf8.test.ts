import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUtf8, isUtf8Bytewise } from './utf8.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

function decodes(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes)
    return true
  } catch {
    return false
  }
}

/** Both forms, the bytes in the middle of others that are no text. */
function judged(bytes: Uint8Array): [boolean, boolean] {
  const within = Buffer.concat([Buffer.of(0x80, 0xff), bytes, Buffer.of(0x80, 0x80, 0x80, 0x80)])
  const view = new DataView(within.buffer, within.byteOffset, within.length)
  const to = 2 + bytes.length
  return [isUtf8(within, view, 2, to), isUtf8Bytewise(within, 2, to)]
}

/** Bytes at which the rules change. */
const EDGES = [
  0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
  0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
]

describe('UTF-8', () => {
  test('is told from other bytes as a strict decoder tells it, for every two bytes', () => {
    const wrong: number[] = []
    for (let pair = 0; pair < 65_536; pair++) {
      const bytes = Buffer.of(pair >> 8, pair & 255)
      const expected = decodes(bytes)
      if (judged(bytes).some((verdict) => verdict !== expected)) wrong.push(pair)
    }
    expect(wrong).toEqual([])
  })

  test('and for sequences of bytes at which the rules change', () => {
    const edge = fc.constantFrom(...EDGES)
    const character = fc
      .constantFrom('é', '€', '👍', '\u{10FFFF}', '\uD7FF', '\uE000', 'abcd')
      .map((text) => [...Buffer.from(text)])
    const parts = fc.array(
      fc.oneof(
        edge.map((byte) => [byte]),
        character,
      ),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(parts, (some) => {
        const bytes = Buffer.from(some.flat())
        expect(judged(bytes)).toEqual([decodes(bytes), decodes(bytes)])
      }),
      { numRuns: 3_000 },
    )
  })

  test('and for every three and four bytes at which the rules change', () => {
    const pairs = EDGES.flatMap((one) => EDGES.map((two) => [one, two]))
    const triples = pairs.flatMap((pair) => EDGES.map((three) => [...pair, three]))
    const quadruples = triples.flatMap((triple) => [0x7f, 0x80, 0xbf, 0xc0].map((four) => [...triple, four]))
    const wrong = [...triples, ...quadruples].filter((some) => {
      const bytes = Buffer.from(some)
      const expected = decodes(bytes)
      return judged(bytes).some((verdict) => verdict !== expected)
    })
    expect(wrong).toEqual([])
  })
})
