import { resolve } from 'node:path'
import { z } from 'zod'

/**
 * Settings, one name each: the environment variable is also the key in the code, so that one search finds every use.
 * A service takes the shapes it needs: `z.object({ ...commonConfig, ...kafkaConfig, MY_OWN: … })`.
 *
 * `describe` says what a setting is and what it may be; it is the text an operator reads when it is missing or wrong.
 * `meta({ shown: true })` allows the message to quote the value that was found. Without it a value is never quoted,
 * since addresses carry passwords.
 */

const port = z.coerce.number().int().min(0).max(65_535)

/** A positive whole number of milliseconds. */
export const milliseconds = z.coerce.number().int().positive().max(2_147_483_647)

export const commonConfig = {
  WEIR_NAMESPACE: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{0,64}$/)
    .default('')
    .describe('Prefix of topics, groups, transactional ids, registry subjects and Redis keys: letters, digits, . _ -')
    .meta({ shown: true }),
  WEIR_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('How much is logged: fatal, error, warn, info, debug, trace or silent')
    .meta({ shown: true }),
  WEIR_OPS_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address on which health and metrics are served')
    .meta({ shown: true }),
  WEIR_OPS_PORT: port
    .default(0)
    .describe('Port on which health and metrics are served, 0 to 65535; 0 takes a free one and logs it')
    .meta({ shown: true }),
  WEIR_SHUTDOWN_TIMEOUT_MS: milliseconds
    .default(10_000)
    .describe('How long closing may take, in milliseconds, before the process ends anyway')
    .meta({ shown: true }),
} as const

export const kafkaConfig = {
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(/^[^\s:/@]+:\d{1,5}$/)).min(1))
    .describe('Addresses of Kafka brokers as host:port, separated by commas, such as localhost:9092')
    .meta({ shown: true }),
  KAFKA_SSL: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('Whether Kafka is reached over TLS: true or false')
    .meta({ shown: true }),
  KAFKA_SSL_CA_FILE: z
    .string()
    .optional()
    .describe("File with the PEM certificates of the authorities that sign the brokers'; needs KAFKA_SSL=true")
    .meta({ shown: true }),
  KAFKA_SSL_CERT_FILE: z
    .string()
    .optional()
    .describe('File with our own PEM certificate (mutual TLS); needs KAFKA_SSL=true and KAFKA_SSL_KEY_FILE')
    .meta({ shown: true }),
  KAFKA_SSL_KEY_FILE: z
    .string()
    .optional()
    .describe("File with our own certificate's PEM key, unencrypted; needs KAFKA_SSL=true and KAFKA_SSL_CERT_FILE")
    .meta({ shown: true }),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])
    .optional()
    .describe('How to log in to Kafka: plain, scram-sha-256, scram-sha-512 or oauthbearer; left out, there is no login')
    .meta({ shown: true }),
  KAFKA_SASL_USERNAME: z.string().optional().describe('Who logs in to Kafka; needs KAFKA_SASL_MECHANISM'),
  KAFKA_SASL_PASSWORD: z
    .string()
    .optional()
    .describe('The password for Kafka, here or in the file KAFKA_SASL_PASSWORD_FILE; needs KAFKA_SASL_MECHANISM'),
  KAFKA_SASL_PASSWORD_FILE: z
    .string()
    .optional()
    .describe('File with the password for Kafka, instead of KAFKA_SASL_PASSWORD; needs KAFKA_SASL_MECHANISM')
    .meta({ shown: true }),
  KAFKA_SASL_TOKEN_FILE: z
    .string()
    .optional()
    .describe('File with the token for oauthbearer, read again for each login; instead of KAFKA_SASL_TOKEN_ENDPOINT')
    .meta({ shown: true }),
  KAFKA_SASL_TOKEN_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .refine((text) => !text.startsWith('http:') || isThisMachine(new URL(text).hostname))
    .optional()
    .describe(
      'Where tokens for oauthbearer are given out (client credentials), as https://… or http://localhost…; needs ' +
        'KAFKA_SASL_CLIENT_ID and KAFKA_SASL_CLIENT_SECRET_FILE',
    ),
  KAFKA_SASL_CLIENT_ID: z.string().optional().describe('Who asks for tokens; needs KAFKA_SASL_TOKEN_ENDPOINT'),
  KAFKA_SASL_CLIENT_SECRET_FILE: z
    .string()
    .optional()
    .describe("File with that client's secret, read again for each token; needs KAFKA_SASL_TOKEN_ENDPOINT")
    .meta({ shown: true }),
  KAFKA_SASL_SCOPE: z
    .string()
    .optional()
    .describe('Scopes to ask for with a token, separated by blanks; needs KAFKA_SASL_TOKEN_ENDPOINT')
    .meta({ shown: true }),
} as const

/** A secret may go there without TLS. */
function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]'
}

export const redisConfig = {
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .describe('Address of the consent cache as redis://host:port or rediss://user:password@host:port'),
} as const

export const registryConfig = {
  SCHEMA_REGISTRY_URL: z
    .url({ protocol: /^https?$/ })
    .transform((text) => text.replace(/\/+$/, ''))
    .describe("Address of a schema registry with Confluent's API, as http://host:port or https://…"),
} as const

export const contractsConfig = {
  WEIR_CONTRACTS: z
    .string()
    .default(resolve(import.meta.dirname, '../../../infra/contracts'))
    .transform((folder) => resolve(folder))
    .describe('Folder of the contracts: purposes.yaml and one folder a stream')
    .meta({ shown: true }),
} as const

/** Paths only: the keys are read by `readRootKeys` and `readKeyFile`, when the service starts. */
export const keyFilesConfig = {
  WEIR_ROOT_KEY_FILE: z
    .string()
    .describe('Root key, 32 random bytes, mode 0600: its file, or a folder of such files, <epoch>.key each')
    .meta({ shown: true }),
  WEIR_REFERENCE_KEY_FILE: z
    .string()
    .describe('File with the reference key, 32 random bytes, mode 0600: turns ids into refs, and never changes')
    .meta({ shown: true }),
} as const

export const slotConfig = {
  WEIR_SLOT: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,64}$/)
    .default('0')
    .describe('Which replica this is: letters, digits, . _ -; no two processes that run at once may share one')
    .meta({ shown: true }),
} as const
