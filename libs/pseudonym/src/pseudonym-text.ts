/** Words of a digest that a pseudonym shows: 128 bits. */
export const SHOWN_WORDS = 4
const HEX = Buffer.from('0123456789abcdef')

/** The longest text of a pseudonym: an epoch of three digits, a point, 32 hex digits. */
export const MAX_PSEUDONYM_BYTES = 36

const epochTexts = Array.from({ length: 256 }, (_, epoch) => Buffer.from(`${epoch}.`))

/**
 * Writes `<epoch>.<32 hex>` in ASCII.
 * @returns how many bytes it took: 34 to 36
 * @throws RangeError when there is no room for it; nothing is written then
 */
export function writePseudonymText(
  epoch: number,
  digest: Int32Array,
  digestAt: number,
  out: Uint8Array,
  at: number,
): number {
  const epochText = epochTexts[epoch] as Uint8Array
  const length = epochText.length + 8 * SHOWN_WORDS
  if (!(at >= 0 && at + length <= out.length)) throw new RangeError('no room for a pseudonym')
  let to = at
  for (let i = 0; i < epochText.length; i++) out[to++] = epochText[i] as number
  for (let i = 0; i < SHOWN_WORDS; i++) {
    const word = digest[digestAt + i] as number
    for (let shift = 28; shift >= 0; shift -= 4) out[to++] = HEX[(word >>> shift) & 15] as number
  }
  return length
}
