import type { z } from 'zod'
import type { kafkaConfig } from './config.ts'

type KafkaConfig = z.output<z.ZodObject<typeof kafkaConfig>>

/** Fields of `KafkaOptions` (@weir/kafka), as plain data. */
export interface KafkaConnection {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
}

/** How to reach Kafka. `clientId` shows up in the broker's logs and quotas. */
export function kafkaOptions(config: KafkaConfig, clientId = 'weir'): KafkaConnection {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = config
  const connection = { brokers: config.KAFKA_BROKERS, clientId, ssl: config.KAFKA_SSL }
  // readConfig has refused half a login already.
  if (mechanism === undefined || username === undefined || password === undefined) return connection
  return { ...connection, sasl: { mechanism, username, password } }
}
