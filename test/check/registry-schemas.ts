import type { DumpedRecord } from './evidence.ts'

/**
 * Asks the registry for every schema that a wire header names (`GET /schemas/ids/<id>` of Confluent's API).
 * Null: the registry says 404. Any other answer rejects, since it tells nothing.
 */
export async function fetchSchemas(
  registryUrl: string,
  records: Iterable<DumpedRecord>,
): Promise<Map<number, unknown>> {
  const schemas = new Map<number, unknown>()
  for (const { value } of records) {
    if (value === null || value.length < 5 || value[0] !== 0) continue
    const id = value.readUInt32BE(1)
    if (!schemas.has(id)) schemas.set(id, await fetchSchema(registryUrl, id))
  }
  return schemas
}

async function fetchSchema(registryUrl: string, id: number): Promise<unknown> {
  const response = await fetch(`${registryUrl.replace(/\/+$/, '')}/schemas/ids/${id}`)
  if (response.status === 404) return null
  if (!response.ok) throw new Error(`the schema registry answered ${response.status} when asked for schema ${id}`)
  const { schema } = (await response.json()) as { schema: string }
  return JSON.parse(schema)
}
