/** What steers a terminal (C0, DEL, C1), breaks the line, or turns the direction of text. */
const STEERS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** A line of text that anybody may have written, with such characters as JSON escapes them. */
export function harmless(line: string): string {
  return line.replace(STEERS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
