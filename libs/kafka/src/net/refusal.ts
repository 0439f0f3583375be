import { LoginRefused, TlsRefused } from '../connect-errors.ts'
import { ConnectionLost, KafkaError, messageOf } from '../errors.ts'
import type { SaslOptions } from '../options.ts'

/** Codes by which Node says that a certificate is not trusted, and what to do about it. */
const CERTIFICATE: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the certificate is for another name than the broker's address: connect by a name that stands in it, and have the " +
    'broker advertise that name',
  CERT_HAS_EXPIRED: "the certificate or one of its issuers has expired: renew it, or set this machine's clock",
  CERT_NOT_YET_VALID: "the certificate is not valid yet: set this machine's or the issuer's clock",
  ...Object.fromEntries(
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_SIGNATURE_FAILURE',
      'CERT_UNTRUSTED',
      'INVALID_CA',
    ].map((code) => [code, 'its issuer is not known here: give the certificate of the authority that signed it']),
  ),
}

/**
 * What it means that a connection could not be opened: refused for good (TLS), or lost and worth another try.
 * `phase` says how far it had come.
 */
export function openingFailure(
  error: unknown,
  where: string,
  phase: 'connecting' | 'first-request' | 'login',
): KafkaError {
  const code = codeIn(error)
  if (code !== undefined) {
    const mend = CERTIFICATE[code] ?? alertMend(code)
    if (mend !== undefined) return new TlsRefused(where, code, mend)
  }
  if (error instanceof KafkaError && !(error instanceof ConnectionLost)) return error
  const told = error instanceof ConnectionLost ? error.message : `Connecting to ${where}: ${messageOf(error)}`
  const hint =
    phase === 'first-request' || code === 'ECONNRESET'
      ? '. If it goes on: does this listener speak TLS, and was TLS asked for?'
      : ''
  return new ConnectionLost(`${told}${hint}`, false, { cause: error })
}

/** The broker's refusal of a login, without what was sent to it. */
export function loginFailure(error: unknown, where: string, sasl: SaslOptions): KafkaError {
  if (error instanceof KafkaError) return error
  const secret = sasl.mechanism === 'oauthbearer' ? '' : sasl.password
  const told =
    error instanceof Error && 'type' in error && error.type === 'ILLEGAL_SASL_STATE'
      ? 'it takes no login on this listener (ILLEGAL_SASL_STATE)'
      : messageOf(error).replace(/^SASL [A-Z0-9 ]+ authentication failed: /, '')
  // No cause: whatever a broker or a library says of a login must not reach a log unseen.
  return new LoginRefused(where, sasl.mechanism, secret === '' ? told : told.replaceAll(secret, '…'))
}

/** The other side broke the handshake off, or what came was not TLS. */
function alertMend(code: string): string | undefined {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'what answers there does not speak TLS: turn TLS off, or take the address of a listener that has it'
  }
  if (!/^(?:ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code)) return undefined
  return /CERTIFICATE|UNKNOWN_CA/.test(code)
    ? 'the broker refuses our certificate: give one that it trusts, with its key'
    : 'no agreement on how to speak TLS: compare versions, ciphers and certificates of both sides'
}

/** The first system code down the chain of causes. */
function codeIn(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (!(at instanceof KafkaError) && 'code' in at && typeof at.code === 'string') return at.code
  }
  return undefined
}
