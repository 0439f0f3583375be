/** Schemes whose host is a site, never a person. */
const SITES: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:', 'ftp:'])

/**
 * The host of a URL as a browser reads it (WHATWG URL Standard): lower case, names in other scripts as Punycode, without
 * user, password and port; an IPv6 address in brackets.
 * @returns null for text that is no URL, and for a URL of another kind: behind `tel:`, `mailto:` or an app's own scheme
 * stands a number, a mailbox or a user where a site's URL has its host
 */
export function hostOf(text: string): string | null {
  const url = URL.parse(text)
  return url === null || url.hostname === '' || !SITES.has(url.protocol) ? null : url.hostname
}
