import { createHmac } from 'node:crypto'

/** HMAC-SHA-256 (RFC 2104) over the parts one after the other. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}
