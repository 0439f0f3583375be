/**
 * Read-only view of a schema registry's Confluent API. Plain HTTP, since what matters here is to tell "no such schema"
 * from "no answer", and to get the schema's JSON as it was written (tags included), which the usual client parses away.
 */
export type SchemaAnswer =
  | { readonly kind: 'found'; readonly schema: unknown }
  | { readonly kind: 'absent' }
  | { readonly kind: 'away' }

export interface RegistryReader {
  schemaById(id: number): Promise<SchemaAnswer>
  knowsSubject(subject: string): Promise<'yes' | 'no' | 'away'>
  /** Id under which exactly this schema is registered for the subject. */
  idOf(subject: string, schema: unknown): Promise<{ kind: 'found'; id: number } | { kind: 'absent' } | { kind: 'away' }>
}

const TIMEOUT_MS = 2_000
/** A schema larger than this is no schema of ours; reading it would only cost memory. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

interface Answer {
  readonly status: number
  readonly body: unknown
}

export function httpRegistry(baseUrl: string): RegistryReader {
  const base = baseUrl.replace(/\/+$/, '')

  async function ask(path: string, body?: unknown): Promise<Answer | 'away'> {
    try {
      const response = await fetch(`${base}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = await response.text()
      if (response.status >= 500 || text.length > MAX_ANSWER_BYTES) return 'away'
      return { status: response.status, body: text === '' ? null : JSON.parse(text) }
    } catch {
      return 'away'
    }
  }

  return {
    async schemaById(id) {
      const answer = await ask(`/schemas/ids/${id}`)
      if (answer === 'away') return { kind: 'away' }
      if (answer.status === 404) return { kind: 'absent' }
      const schema = answer.status === 200 ? property(answer.body, 'schema') : undefined
      // Anything else (a proxy's page, a refused token) tells nothing about the id.
      if (typeof schema !== 'string') return { kind: 'away' }
      try {
        return { kind: 'found', schema: JSON.parse(schema) }
      } catch {
        // Not Avro (a Protobuf text, say): the id exists, its schema can't be used.
        return { kind: 'found', schema: null }
      }
    },
    async knowsSubject(subject) {
      const answer = await ask(`/subjects/${encodeURIComponent(subject)}/versions`)
      if (answer === 'away') return 'away'
      if (answer.status === 200) return Array.isArray(answer.body) && answer.body.length > 0 ? 'yes' : 'no'
      return answer.status === 404 ? 'no' : 'away'
    },
    async idOf(subject, schema) {
      const answer = await ask(`/subjects/${encodeURIComponent(subject)}`, { schema: JSON.stringify(schema) })
      if (answer === 'away') return { kind: 'away' }
      if (answer.status === 404) return { kind: 'absent' }
      const id = answer.status === 200 ? property(answer.body, 'id') : undefined
      return typeof id === 'number' ? { kind: 'found', id } : { kind: 'away' }
    },
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
