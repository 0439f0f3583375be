import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Makes the check of `Authorization: Bearer <token>` (RFC 6750). Digests are compared, in constant time, so that
 * neither the length nor a common beginning of a guess shows in how long the answer takes.
 */
export function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const wanted = digest(token)
  return (authorization) => {
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
    return timingSafeEqual(wanted, digest(given))
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
