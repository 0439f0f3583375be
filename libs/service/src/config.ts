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
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('How to log in to Kafka: plain, scram-sha-256 or scram-sha-512; left out, there is no login')
    .meta({ shown: true }),
  KAFKA_SASL_USERNAME: z.string().optional().describe('Who logs in to Kafka; needs KAFKA_SASL_MECHANISM'),
  KAFKA_SASL_PASSWORD: z.string().optional().describe('The password for Kafka; needs KAFKA_SASL_MECHANISM'),
} as const

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

/** Paths only: the keys are read by `readKeyFile`, when the service starts. */
export const keyFilesConfig = {
  WEIR_ROOT_KEY_FILE: z
    .string()
    .describe('File with the root key, 32 random bytes, mode 0600: purpose keys and seals derive from it')
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
