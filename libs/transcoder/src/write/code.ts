declare const own: unique symbol

/** Text of a routine. Only `code` makes it, of this library's own words and numbers: never of a name out of a schema. */
export type Code = string & { readonly [own]: true }

export function code(words: TemplateStringsArray, ...pieces: readonly (number | Code)[]): Code {
  return String.raw({ raw: words }, ...pieces) as Code
}
