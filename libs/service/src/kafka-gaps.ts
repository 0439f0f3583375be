/** A setting that is missing, or with `why`: one that can't stand beside the others. */
export interface Gap {
  readonly variable: string
  readonly why?: string
}

const TLS = ['KAFKA_SSL_CA_FILE', 'KAFKA_SSL_CERT_FILE', 'KAFKA_SSL_KEY_FILE'] as const
const PASSWORD = ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD', 'KAFKA_SASL_PASSWORD_FILE'] as const
const ENDPOINT = [
  'KAFKA_SASL_TOKEN_ENDPOINT',
  'KAFKA_SASL_CLIENT_ID',
  'KAFKA_SASL_CLIENT_SECRET_FILE',
  'KAFKA_SASL_SCOPE',
] as const
const TOKEN = ['KAFKA_SASL_TOKEN_FILE', ...ENDPOINT] as const

/**
 * What the settings of TLS and login lack, taken together: half of them would quietly be none, or a login other than
 * the one that was meant.
 */
export function kafkaGaps(present: Readonly<Record<string, string>>): Gap[] {
  return [...tlsGaps(present), ...loginGaps(present)]
}

function tlsGaps(present: Readonly<Record<string, string>>): Gap[] {
  const gaps: Gap[] = []
  const used = TLS.filter((variable) => variable in present)
  if (used.length > 0 && present['KAFKA_SSL'] !== 'true') {
    gaps.push({ variable: 'KAFKA_SSL', why: `KAFKA_SSL must be true for ${used.join(', ')} to be used.` })
  }
  return [...gaps, ...missing(present, pairOf(present, 'KAFKA_SSL_CERT_FILE', 'KAFKA_SSL_KEY_FILE'))]
}

function loginGaps(present: Readonly<Record<string, string>>): Gap[] {
  const mechanism = present['KAFKA_SASL_MECHANISM']
  const used = [...PASSWORD, ...TOKEN].some((variable) => variable in present)
  if (mechanism === undefined && !used) return []
  const byToken = mechanism === undefined ? TOKEN.some((variable) => variable in present) : mechanism === 'oauthbearer'
  const unused = (byToken ? PASSWORD : TOKEN).filter((variable) => variable in present)
  return [
    ...missing(present, ['KAFKA_SASL_MECHANISM']),
    ...(byToken ? tokenGaps(present) : passwordGaps(present)),
    ...unused.map((variable) => ({
      variable,
      why: `${variable} means nothing with KAFKA_SASL_MECHANISM=${byToken ? 'oauthbearer' : (mechanism ?? 'plain')}: leave it out.`,
    })),
  ]
}

function passwordGaps(present: Readonly<Record<string, string>>): Gap[] {
  return [
    ...missing(present, ['KAFKA_SASL_USERNAME']),
    ...oneOf(present, 'KAFKA_SASL_PASSWORD', 'KAFKA_SASL_PASSWORD_FILE'),
  ]
}

function tokenGaps(present: Readonly<Record<string, string>>): Gap[] {
  if (!ENDPOINT.some((variable) => variable in present)) return missing(present, ['KAFKA_SASL_TOKEN_FILE'])
  return [
    ...oneOf(present, 'KAFKA_SASL_TOKEN_ENDPOINT', 'KAFKA_SASL_TOKEN_FILE'),
    ...missing(present, ['KAFKA_SASL_CLIENT_ID', 'KAFKA_SASL_CLIENT_SECRET_FILE']),
  ]
}

function missing(present: Readonly<Record<string, string>>, wanted: readonly string[]): Gap[] {
  return wanted.filter((variable) => !(variable in present)).map((variable) => ({ variable }))
}

function oneOf(present: Readonly<Record<string, string>>, first: string, second: string): Gap[] {
  if (!(second in present)) return missing(present, [first])
  if (!(first in present)) return []
  return [{ variable: second, why: `${second} stands beside ${first}: leave one of them out.` }]
}

/** Both, when one of them is there. */
function pairOf(present: Readonly<Record<string, string>>, first: string, second: string): string[] {
  return first in present || second in present ? [first, second] : []
}
