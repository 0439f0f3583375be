import { readFile } from 'node:fs/promises'

/** How long the endpoint may take for one token. */
const LIMIT_MS = 10_000
/** A token is asked for anew when this share of its life has passed. */
const USED_FOR = 0.8

export interface TokenEndpoint {
  /** An https URL; http only on this machine. */
  readonly endpoint: string
  readonly clientId: string
  readonly secretFile: string
  readonly scope?: string
}

/** No token: says where it was asked for and why there is none, never with what. */
class TokenError extends Error {
  override readonly name = 'TokenError'
  readonly code = 'WEIR_KAFKA_TOKEN'
}

/** A token that somebody else renews, such as a mounted service account token: read again each time. */
export function tokenFromFile(path: string): () => Promise<{ value: string }> {
  return async () => ({ value: await secretIn(path) })
}

/**
 * Tokens by client credentials (RFC 6749, section 4.4), each used until four fifths of its life have passed. Many
 * connections may ask at once: that is one request. The secret is read again for each, so that it can be changed.
 */
export function tokenFromEndpoint(options: TokenEndpoint): () => Promise<{ value: string }> {
  let held: { readonly value: string; readonly untilMs: number } | undefined
  let asking: Promise<{ value: string }> | undefined
  const ask = async (): Promise<{ value: string }> => {
    const askedMs = performance.now()
    const { value, livesS } = await request(options)
    held = { value, untilMs: askedMs + livesS * 1_000 * USED_FOR }
    return { value }
  }
  return async () => {
    if (held !== undefined && performance.now() < held.untilMs) return { value: held.value }
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }
}

async function request({ endpoint, clientId, secretFile, scope }: TokenEndpoint) {
  const { origin, pathname } = new URL(endpoint)
  const where = `The token endpoint ${origin}${pathname}`
  const login = [clientId, await secretIn(secretFile)].map(encodeURIComponent).join(':')
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) })
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(login).toString('base64')}`, accept: 'application/json' },
    body: form,
    // A redirect would carry the secret to another place.
    redirect: 'error',
    signal: AbortSignal.timeout(LIMIT_MS),
  }).catch((error: unknown) => {
    throw new TokenError(`${where} can't be reached (${reasonOf(error)})`)
  })
  const told = await response.json().catch(() => undefined)
  if (!response.ok) {
    const code = fieldOf(told, 'error')
    const why = typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? ` (${code})` : ''
    throw new TokenError(`${where} answered ${response.status}${why}: check client id, secret and scope`)
  }
  const value = fieldOf(told, 'access_token')
  if (typeof value !== 'string' || value === '') throw new TokenError(`${where} gave no access_token`)
  const livesS = Number(fieldOf(told, 'expires_in') ?? 0)
  return { value, livesS: livesS > 0 ? livesS : 0 }
}

async function secretIn(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new TokenError(`The file ${path} can't be read (${reasonOf(error)})`)
  })
  return text.trim()
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

/** A system code such as ECONNREFUSED, or the kind of error; never a message, which may quote the request. */
function reasonOf(error: unknown): string {
  for (const at of [error instanceof Error ? error.cause : undefined, error]) {
    if (at instanceof Error && 'code' in at && typeof at.code === 'string') return at.code
  }
  return error instanceof Error ? error.name : 'unknown'
}
