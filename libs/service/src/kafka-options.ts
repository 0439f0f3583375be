import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import type { kafkaConfig } from './config.ts'
import { tokenFromEndpoint, tokenFromFile } from './kafka-token.ts'
import { ConfigError } from './read-config.ts'

type KafkaConfig = z.output<z.ZodObject<typeof kafkaConfig>>

type Login =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | { readonly mechanism: 'oauthbearer'; readonly oauthBearer: () => Promise<{ readonly value: string }> }

/** Fields of `KafkaOptions` (@weir/kafka), as plain data. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string }
  readonly sasl?: Login
}

/**
 * How to reach Kafka. `clientId` shows up in the broker's logs and quotas. Certificates and the password are read here,
 * once; tokens and the secret that gets them are read again whenever a token is wanted.
 * @throws ConfigError when a file can't be read
 */
export function kafkaOptions(config: KafkaConfig, clientId = 'weir'): KafkaConnection {
  const sasl = loginOf(config)
  const connection = { brokers: config.KAFKA_BROKERS, clientId, ssl: tlsOf(config) }
  return sasl === undefined ? connection : { ...connection, sasl }
}

function tlsOf(config: KafkaConfig): KafkaConnection['ssl'] {
  const { KAFKA_SSL_CA_FILE: ca, KAFKA_SSL_CERT_FILE: cert, KAFKA_SSL_KEY_FILE: key } = config
  if (!config.KAFKA_SSL || (ca === undefined && cert === undefined)) return config.KAFKA_SSL
  return {
    ...(ca === undefined ? {} : { ca: textOf('KAFKA_SSL_CA_FILE', ca) }),
    ...(cert === undefined ? {} : { cert: textOf('KAFKA_SSL_CERT_FILE', cert) }),
    ...(key === undefined ? {} : { key: textOf('KAFKA_SSL_KEY_FILE', key) }),
  }
}

/** readConfig has refused half a login already. */
function loginOf(config: KafkaConfig): Login | undefined {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = config
  if (mechanism === 'oauthbearer') return { mechanism, oauthBearer: tokenOf(config) }
  const file = config.KAFKA_SASL_PASSWORD_FILE
  const password =
    file === undefined ? config.KAFKA_SASL_PASSWORD : textOf('KAFKA_SASL_PASSWORD_FILE', file).replace(/\r?\n$/, '')
  if (mechanism === undefined || username === undefined || password === undefined) return undefined
  return { mechanism, username, password }
}

function tokenOf(config: KafkaConfig): () => Promise<{ value: string }> {
  const { KAFKA_SASL_TOKEN_ENDPOINT: endpoint, KAFKA_SASL_CLIENT_ID: clientId, KAFKA_SASL_SCOPE: scope } = config
  const secretFile = config.KAFKA_SASL_CLIENT_SECRET_FILE
  if (endpoint === undefined || clientId === undefined || secretFile === undefined) {
    return tokenFromFile(config.KAFKA_SASL_TOKEN_FILE ?? '')
  }
  return tokenFromEndpoint({ endpoint, clientId, secretFile, ...(scope === undefined ? {} : { scope }) })
}

function textOf(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ConfigError(`${variable}: the file ${path} can't be read (${code}).`, [variable])
  }
}
