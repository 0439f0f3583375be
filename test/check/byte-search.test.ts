import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteSearch } from './byte-search.ts'

function hits(needles: readonly Uint8Array[], haystack: Uint8Array): string[] {
  const found: string[] = []
  new ByteSearch(needles).search(haystack, (needle, at) => found.push(`${needle}@${at}`))
  return found.sort()
}

function hitsByHand(needles: readonly Uint8Array[], haystack: Uint8Array): string[] {
  const found: string[] = []
  const buffer = Buffer.from(haystack)
  for (const [needle, bytes] of needles.entries()) {
    for (let at = buffer.indexOf(bytes); at >= 0; at = buffer.indexOf(bytes, at + 1)) found.push(`${needle}@${at}`)
  }
  return found.sort()
}

test('it finds what a search one by one finds: overlaps, repeats and strings inside others included', () => {
  const byte = fc.constantFrom(0x61, 0x62)
  const needle = fc
    .uint8Array({ minLength: 8, maxLength: 14 })
    .chain((bytes) =>
      fc.array(byte, { minLength: bytes.length, maxLength: bytes.length }).map((own) => Uint8Array.from(own)),
    )
  const haystack = fc.array(byte, { maxLength: 400 }).map((bytes) => Uint8Array.from(bytes))
  fc.assert(
    fc.property(fc.array(needle, { minLength: 1, maxLength: 20 }), haystack, (needles, hay) => {
      expect(hits(needles, hay)).toEqual(hitsByHand(needles, hay))
    }),
    { numRuns: 300 },
  )
})

test('many strings that begin and end alike do not make it slow', () => {
  const needles = Array.from({ length: 30_000 }, (_, i) =>
    Buffer.from(`https://shop.example/c/shoes?cid=${i}&utm_source=mail`),
  )
  const haystack = Buffer.concat(needles)
  const since = performance.now()
  expect(hits(needles, haystack)).toHaveLength(needles.length)
  // One by one it would be 30,000 times 30,000 comparisons: minutes.
  expect(performance.now() - since).toBeLessThan(10_000)
})

test('a string that is too short to mean anything is refused', () => {
  expect(() => new ByteSearch([Buffer.from('short')])).toThrow(RangeError)
})
