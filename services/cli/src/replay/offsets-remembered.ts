import type { Admin } from '@weir/kafka'
import { refusal } from '../errors.ts'

const MINUTE_MS = 60_000

/**
 * For how long (ms) the cluster keeps the offsets of a group after its last member left. What went on from them later would
 * begin anew. @throws CliError (refused) when a broker does not tell
 */
export async function offsetsRememberedMs(admin: Pick<Admin, 'brokerConfigs'>): Promise<number> {
  const brokers = [...(await admin.brokerConfigs()).values()]
  const shortest = Math.min(...brokers.map((config) => Number(config['offsets.retention.minutes']) * MINUTE_MS))
  if (!Number.isFinite(shortest)) throw refusal('The broker does not tell its offsets.retention.minutes.')
  return shortest
}
