import { Unsupported } from '../connect-errors.ts'
import { BrokerError } from '../errors.ts'
import type { ApiVersionsResponse } from '../protocol/api-versions.ts'

/** API key -> the version we send. */
const needed: Readonly<Record<string, readonly [key: number, version: number]>> = {
  Produce: [0, 12],
  Fetch: [1, 12],
  ListOffsets: [2, 7],
  Metadata: [3, 12],
  OffsetCommit: [8, 9],
  OffsetFetch: [9, 9],
  FindCoordinator: [10, 4],
  InitProducerId: [22, 5],
  EndTxn: [26, 5],
  TxnOffsetCommit: [28, 5],
  ConsumerGroupHeartbeat: [68, 1],
}

/** Finalized features: transactions of version 2 (KIP-890) and the new group protocol (KIP-848). */
const neededFeatures: Readonly<Record<string, number>> = { 'transaction.version': 2, 'group.version': 1 }

/** Refuses a broker that can't do what Weir's promises rest on, with one message that says everything that is missing. */
export function checkBroker(versions: ApiVersionsResponse, where: string): void {
  if (versions.errorCode !== 0) throw new BrokerError(versions.errorCode, `ApiVersions at ${where}`)
  const missing: string[] = []
  for (const [name, [key, version]] of Object.entries(needed)) {
    const range = versions.ranges.get(key)
    if (range === undefined || range.min > version || range.max < version) missing.push(`${name} version ${version}`)
  }
  for (const [name, level] of Object.entries(neededFeatures)) {
    const has = versions.features.get(name) ?? 0
    if (has < level) missing.push(`feature ${name} at level ${level} (it has ${has})`)
  }
  if (missing.length === 0) return
  throw new Unsupported(
    `The broker at ${where} lacks ${missing.join(', ')}. Weir needs Apache Kafka 4.0 or later, with its features ` +
      'finalized: kafka-features.sh upgrade --feature transaction.version=2 --feature group.version=1',
  )
}
