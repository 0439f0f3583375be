/** UTF-8 of the first so many characters (Unicode code points), so that no character is cut in two. */
export function firstCharacters(text: Buffer, characters: number): Buffer {
  let left = characters
  for (let at = 0; at < text.length; at++) {
    const continues = ((text[at] ?? 0) & 0xc0) === 0x80
    if (!continues && left-- === 0) return text.subarray(0, at)
  }
  return text
}
