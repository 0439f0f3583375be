/**
 * The host of a URL as a browser reads it (WHATWG URL Standard): lower case, names in other scripts as Punycode, without
 * user, password and port; an IPv6 address in brackets.
 * @returns null for text that is no URL, for a URL without a host (mailto:, data:), and for one without a scheme
 */
export function hostOf(text: string): string | null {
  const host = URL.parse(text)?.hostname ?? ''
  return host === '' ? null : host
}
