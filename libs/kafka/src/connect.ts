import { connectOver, REQUEST_TIMEOUT_MS } from './client.ts'
import { BrokerConnection } from './net/kafkajs-connection.ts'
import { tlsOf } from './net/security.ts'
import type { KafkaOptions } from './options.ts'
import type { Kafka } from './port.ts'

const CONNECT_TIMEOUT_MS = 3_000

/**
 * Connects to a cluster. While no broker answers it keeps trying, quietly, with growing pauses, until one does or
 * `options.signal` aborts; `options.onEvent` hears once that a broker is away and once that it is back. Once connected
 * the signal means nothing any more: what is under way is its owner's to finish, and then to `close`.
 * @throws Unsupported (the broker can't do what Weir needs), TlsRefused, LoginRefused, Closed (aborted)
 */
export async function connectKafka(options: KafkaOptions): Promise<Kafka> {
  const { clientId, sasl = null, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options
  const connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, requestTimeoutMs)
  const connectionOptions = { clientId, ssl: tlsOf(options.ssl), sasl, connectTimeoutMs }
  return connectOver(options, (address, onClosed, signal) =>
    BrokerConnection.open(address, connectionOptions, onClosed, signal),
  )
}
