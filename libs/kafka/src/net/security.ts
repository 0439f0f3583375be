import type { Mechanism, SASLOptions } from 'kafkajs'
import type { SaslOptions, TlsOptions } from '../options.ts'
import { oauthBearerMechanism } from './oauth-bearer.ts'

/** TLS options for Node's `tls.connect`, or null for none. */
export function tlsOf(ssl: boolean | TlsOptions | undefined): TlsOptions | null {
  if (ssl === undefined || ssl === false) return null
  return ssl === true ? {} : ssl
}

/** The login as kafkajs wants it. A new object each time, since kafkajs writes into it. */
export function saslOf(sasl: SaslOptions): SASLOptions | Mechanism {
  if (sasl.mechanism === 'oauthbearer') {
    return { mechanism: sasl.mechanism, authenticationProvider: oauthBearerMechanism(sasl.oauthBearer) }
  }
  const { mechanism, username, password } = sasl
  const login: SASLOptions = { mechanism, username, password }
  return login
}

/**
 * How long before the end of a session (KIP-368) a login is renewed, in milliseconds: a fifth of it, at most 10 s. The
 * broker takes no second login within a second of the first, so that is waited for, past the end if need be.
 */
export function renewalMarginMs(sessionLifetimeMs: number): number {
  return Math.min(10_000, sessionLifetimeMs * 0.2, sessionLifetimeMs - 1_100)
}
