import { writeCount } from '../longs.ts'
import { type LeafWriter, PRESENT, type WriteLeaf, writeNull } from './leaf-writer.ts'

/** Where a text begins behind its length. */
export function textStart(from: Uint8Array, start: number): number {
  let at = start
  while ((from[at++] as number) > 0x7f);
  return at
}

/** Longer than any network, browser or system is written. */
const SHORT_TEXT = 64

/** A verb that makes text of ASCII, shorter than 64 characters, of any text. */
export function shortText(change: (text: string) => string | null): LeafWriter {
  return {
    growth: SHORT_TEXT + 2,
    write(from, start, end, out, at) {
      const text = change(from.toString('utf8', textStart(from, start), end))
      return text === null ? writeNull(out, at) : writeAscii(text, out, at)
    },
  }
}

/** Many times what is in use at once; then all is forgotten. */
const MOST_REMEMBERED = 1_024
/** No browser's user agent is as long. */
const LONGEST_REMEMBERED = 512

/** The same, for texts of which there are few: looking one up is several times faster than many patterns. */
export function remembered(change: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined) return before
    if (known.size >= MOST_REMEMBERED) known.clear()
    const changed = change(text)
    if (text.length <= LONGEST_REMEMBERED) known.set(text, changed)
    return changed
  }
}

export function writeAscii(text: string, out: Buffer, at: number): number {
  out[at++] = PRESENT
  at = writeCount(out, at, text.length)
  return at + out.write(text, at, 'latin1')
}

/** The first so many characters (Unicode code points), so that no character is cut in two. */
export function firstText(characters: number): LeafWriter {
  const write: WriteLeaf = (from, start, end, out, at) => {
    const text = textStart(from, start)
    const cut = endOfFirst(from, text, end, characters)
    out[at++] = PRESENT
    at = writeCount(out, at, cut - text)
    return at + from.copy(out, at, text, cut)
  }
  return { growth: 1, write }
}

function endOfFirst(from: Uint8Array, start: number, end: number, characters: number): number {
  let left = characters
  for (let at = start; at < end; at++) {
    const continues = ((from[at] as number) & 0xc0) === 0x80
    if (!continues && left-- === 0) return at
  }
  return end
}
