import { type AvroType, branchName, timestampUnit, withoutNull } from './avro-type.ts'
import { isPart, type Value } from './value.ts'

/** A value as people write it in a case: JSON, with times as ISO text and bigints as numbers where they fit. */
export function plain(type: AvroType, value: Value): unknown {
  if (value === null) return null
  switch (type.kind) {
    case 'union': {
      const inner = withoutNull(type).type
      if (!isPart(value, 'union')) return plain(inner, value)
      const chosen = type.branches[value.branch]
      return chosen === undefined ? null : { [branchName(chosen)]: plain(chosen, value.value) }
    }
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [
          name,
          isPart(value, 'record') ? plain(field, value.fields.get(name) ?? null) : null,
        ]),
      )
    case 'map':
      return isPart(value, 'map')
        ? Object.fromEntries([...value.entries].map(([key, item]) => [key, plain(type.values, item)]))
        : null
    case 'array':
      return Array.isArray(value) ? value.map((item) => plain(type.items, item)) : null
    case 'long':
      return typeof value === 'bigint' ? ofLong(type, value) : value
    default:
      return Buffer.isBuffer(value) ? value.toString('latin1') : value
  }
}

function ofLong(type: AvroType, value: bigint): unknown {
  const unit = timestampUnit(type)
  const perMs = unit === 'micros' ? 1000n : 1n
  const time = new Date(Number(value / perMs))
  if (unit !== null && value % perMs === 0n && !Number.isNaN(time.getTime())) return time.toISOString()
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}
