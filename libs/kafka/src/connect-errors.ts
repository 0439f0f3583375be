import { KafkaError } from './errors.ts'

/**
 * The broker refused the login (SASL): the mechanism, the user, or what was shown for it. It will refuse it again until
 * one of both sides is changed.
 */
export class LoginRefused extends KafkaError {
  override readonly name = 'LoginRefused'
  override readonly code = 'WEIR_KAFKA_LOGIN_REFUSED'

  constructor(where: string, mechanism: string, why: string) {
    const check =
      mechanism === 'oauthbearer'
        ? 'whether the token has expired, and its issuer, audience and scope'
        : 'user name and password, and whether the broker has the user for this mechanism'
    super(`The broker at ${where} refused the SASL login by ${mechanism}: ${why}. Check ${check}`, false)
  }
}

/** TLS was not agreed: a certificate that one side does not trust, or no TLS at the other end. */
export class TlsRefused extends KafkaError {
  override readonly name = 'TlsRefused'
  override readonly code = 'WEIR_KAFKA_TLS'

  constructor(where: string, tlsCode: string, mend: string) {
    super(`No TLS connection to ${where} (${tlsCode}): ${mend}`, false)
  }
}

/** The token for a login (OAUTHBEARER) could not be had. Nothing was sent. */
export class TokenUnavailable extends KafkaError {
  override readonly name = 'TokenUnavailable'
  override readonly code = 'WEIR_KAFKA_TOKEN'

  constructor(message: string, options?: ErrorOptions) {
    super(message, true, options)
  }
}

/** The broker can't do what Weir needs. */
export class Unsupported extends KafkaError {
  override readonly name = 'Unsupported'
  override readonly code = 'WEIR_KAFKA_UNSUPPORTED'

  constructor(message: string) {
    super(message, false)
  }
}
