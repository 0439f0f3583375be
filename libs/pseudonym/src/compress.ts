/**
 * The compression function of SHA-256 (FIPS 180-4, 6.2.2), written out by a program: 64 rounds with the schedule, the
 * working variables and the constants in place. As a loop it takes 1.4 times as long. Nothing from outside gets into
 * the text.
 */

/** First 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const K = [
  ...[0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5],
  ...[0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174],
  ...[0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da],
  ...[0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967],
  ...[0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85],
  ...[0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070],
  ...[0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3],
  ...[0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2],
]

/** Takes a block of 16 big-endian words into a state of 8. Allocates nothing. */
export const compress = new Function('state', 'block', compression()) as (state: Int32Array, block: Int32Array) => void

function compression(): string {
  const names = [...'abcdefgh']
  const words = Array.from({ length: 16 }, (_, i) => `w${i} = block[${i}] | 0`)
  const variables = names.map((name, i) => `${name} = state[${i}] | 0`)
  const sums = names.map((name, i) => `state[${i}] = (state[${i}] + ${name}) | 0`)
  return [`let ${[...words, ...variables].join(', ')}`, ...K.map(round), ...sums].join('\n')
}

/** Instead of moving all eight variables on by one, each round names them one place further. */
function round(k: number, i: number): string {
  const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, place) => 'abcdefgh'[(place + 64 - i) % 8] as string)
  const word = i < 16 ? `w${i}` : scheduled(i)
  return [
    `${h} = (${h} + (${rotated(e, 6)} ^ ${rotated(e, 11)} ^ ${rotated(e, 25)}) + (${g} ^ (${e} & (${f} ^ ${g}))) + ${k | 0} + ${word}) | 0`,
    `${d} = (${d} + ${h}) | 0`,
    `${h} = (${h} + (${rotated(a, 2)} ^ ${rotated(a, 13)} ^ ${rotated(a, 22)}) + ((${a} & ${b}) ^ (${c} & (${a} ^ ${b})))) | 0`,
  ].join('\n')
}

/** The schedule's word i takes the place of its word i - 16. */
function scheduled(i: number): string {
  const [word, last15, last7, last2] = [i, i - 15, i - 7, i - 2].map((at) => `w${at % 16}`) as [
    string,
    string,
    string,
    string,
  ]
  const sigma0 = `(${rotated(last15, 7)} ^ ${rotated(last15, 18)} ^ (${last15} >>> 3))`
  const sigma1 = `(${rotated(last2, 17)} ^ ${rotated(last2, 19)} ^ (${last2} >>> 10))`
  return `(${word} = (${word} + ${sigma0} + ${last7} + ${sigma1}) | 0)`
}

function rotated(name: string | undefined, right: number): string {
  return `((${name} >>> ${right}) | (${name} << ${32 - right}))`
}
