import { Redis } from 'ioredis'

/** How long a command may take (ms) before it counts as failed. */
export const REDIS_COMMAND_TIMEOUT_MS = 500

/**
 * A Redis client that fails fast instead of queueing: a call while Redis is away rejects at once, and nothing is sent
 * again by itself after a reconnect. Connects, and connects again, in the background for ever; returns at once.
 *
 * @param onError connection errors, for the log; the calls themselves reject too
 */
export function openRedis(url: string, onError: (error: Error) => void): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: REDIS_COMMAND_TIMEOUT_MS,
    connectTimeout: 2_000,
    keepAlive: 5_000,
    retryStrategy: (times) => Math.min(50 * times, 1_000),
    // After a failover the old primary answers as a replica: only a new connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  // Each try to connect fails anew: one report of each kind is enough until it is back.
  let reported = ''
  redis.on('ready', () => {
    reported = ''
  })
  redis.on('error', (error: Error) => {
    if (error.message === reported) return
    reported = error.message
    onError(error)
  })
  return redis
}
