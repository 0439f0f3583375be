import type { AuthenticationProviderArgs, Authenticator } from 'kafkajs'
import { LoginRefused, TokenUnavailable } from '../connect-errors.ts'
import { KafkaError, messageOf } from '../errors.ts'
import type { OAuthBearerToken } from '../options.ts'

/** What a bearer token may consist of (RFC 6750, section 2.1); anything else could end the message early. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/
const SOH = '\u0001'
const LENGTH_BYTES = 4

/**
 * SASL OAUTHBEARER (RFC 7628). A broker refuses a token in two steps: its answer to the token is a success with a JSON
 * text in it, and the error follows only when the client has sent one byte more. kafkajs's own implementation does not
 * look at the answer, so that a refused token counts as a login and the connection breaks later, without a reason.
 */
export function oauthBearerMechanism(token: () => Promise<OAuthBearerToken>) {
  return ({ host, port, saslAuthenticate }: AuthenticationProviderArgs): Authenticator => ({
    async authenticate(): Promise<void> {
      const where = `${host}:${port}`
      const { value, extensions = {} } = await token().catch((error: unknown) => {
        if (error instanceof KafkaError) throw error
        throw new TokenUnavailable(`No token for the SASL login at ${where}: ${messageOf(error)}`, { cause: error })
      })
      if (!TOKEN.test(value)) {
        throw new TokenUnavailable(`No token for the SASL login at ${where}: what the provider gave is no bearer token`)
      }
      const more = Object.entries(extensions).map(([name, text]) => `${SOH}${name}=${text}`)
      const refusal = await saslAuthenticate({
        request: message(`n,,${SOH}auth=Bearer ${value}${more.join('')}${SOH}${SOH}`),
        response: { decode: (raw) => raw.subarray(LENGTH_BYTES), parse: (bytes) => bytes.toString('utf8') },
      })
      if (refusal) throw new LoginRefused(where, 'oauthbearer', statusOf(refusal))
    },
  })
}

/** One SASL message as kafkajs wants it: its length in four bytes, then itself. */
function message(text: string): { encode(): Buffer } {
  const bytes = Buffer.from(`\0\0\0\0${text}`)
  bytes.writeInt32BE(bytes.length - LENGTH_BYTES)
  return { encode: () => bytes }
}

/** The `status` of the broker's JSON, such as invalid_token; never the text as a whole. */
function statusOf(refusal: string): string {
  return /"status"\s*:\s*"([a-z_]{1,40})"/.exec(refusal)?.[1] ?? 'no reason given'
}
