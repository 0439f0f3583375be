/** An event as plain JSON: a nullable field is a value, null or left out; times are Unix milliseconds. */
export type PlainEvent = Readonly<Record<string, unknown>>

/** The value at a path of record fields; undefined where it ends early. */
export function valueAt(event: unknown, path: readonly string[]): unknown {
  let value = event
  for (const field of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[field]
  }
  return value
}

/** The event with one leaf replaced; records on the way are copied. */
export function withValueAt(event: PlainEvent, path: readonly string[], value: unknown): PlainEvent {
  const [field, ...rest] = path
  if (field === undefined) return event
  if (rest.length === 0) return { ...event, [field]: value }
  return { ...event, [field]: withValueAt((event[field] ?? {}) as PlainEvent, rest, value) }
}
