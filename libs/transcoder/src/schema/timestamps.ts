import type { SchemaNode } from './schema-node.ts'

const UNITS_PER_MS: Readonly<Record<string, bigint>> = {
  'timestamp-millis': 1n,
  'timestamp-micros': 1000n,
  'timestamp-nanos': 1_000_000n,
  'local-timestamp-millis': 1n,
  'local-timestamp-micros': 1000n,
  'local-timestamp-nanos': 1_000_000n,
}

/** How many of a timestamp's units make a millisecond; null when the type is no timestamp of ours. */
export function unitsPerMs(node: SchemaNode): bigint | null {
  if (node.kind !== 'long' || node.logicalType === null) return null
  return Object.hasOwn(UNITS_PER_MS, node.logicalType) ? (UNITS_PER_MS[node.logicalType] ?? null) : null
}

/** Cuts down to a multiple of `unit`, downwards for times before 1970 too, where division would round up. */
export function floorTo(value: bigint, unit: bigint): bigint {
  const rest = value % unit
  return rest < 0n ? value - rest - unit : value - rest
}
