/** Schemes whose host is a site, never a person. */
const SITES: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:', 'ftp:'])

/** No domain name is longer (RFC 1035). Making Punycode of longer text takes time that grows with its square. */
export const LONGEST_HOST = 255

/** What stands behind the scheme and its slashes, up to the path: the host, with user and port. */
const AUTHORITY = /^[^:]*:[/\\\t\r\n]*([^/\\?#]*)/

/**
 * The host of a URL as a browser reads it (WHATWG URL Standard): lower case, names in other scripts as Punycode, without
 * user, password and port; an IPv6 address in brackets.
 * @returns null for text that is no URL, for a host of more than 255 characters as it is written, and for a URL of another
 * kind: behind `tel:`, `mailto:` or an app's own scheme stands a number, a mailbox or a user where a site's URL has its host
 */
export function hostOf(text: string): string | null {
  const authority = AUTHORITY.exec(text)?.[1] ?? ''
  if (authority.length - (authority.lastIndexOf('@') + 1) > LONGEST_HOST) return null
  const url = URL.parse(text)
  return url === null || url.hostname === '' || !SITES.has(url.protocol) ? null : url.hostname
}
