/** PEM texts, not paths. `cert` and `key` together are our own certificate (mutual TLS). */
export interface TlsOptions {
  /** Authorities to trust instead of those that Node knows. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface OAuthBearerToken {
  readonly value: string
  /** SASL extensions (RFC 7628), such as logicalCluster. */
  readonly extensions?: Readonly<Record<string, string>>
}

/** How to log in. Logins are renewed by themselves before the broker's session ends (KIP-368). */
export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | {
      readonly mechanism: 'oauthbearer'
      /**
       * A token that is valid now. Called for each login and each renewal, by every connection: remember the token, and
       * bound the time it takes to get one.
       */
      readonly oauthBearer: () => Promise<OAuthBearerToken>
    }

export interface KafkaOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  /** TLS; true trusts the authorities that Node knows. */
  readonly ssl?: boolean | TlsOptions
  readonly sasl?: SaslOptions
  /** Limit of each single request. Default 5,000. */
  readonly requestTimeoutMs?: number
  /** Aborting it gives up connecting. Once connected it means nothing any more. */
  readonly signal?: AbortSignal
  /** Called for what an operator should know (broker away, back again); never carries keys or values. */
  readonly onEvent?: (event: { readonly kind: string; readonly message: string }) => void
}
