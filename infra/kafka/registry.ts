import { isDeepStrictEqual } from 'node:util'
import type { SubjectSpec } from './subjects.ts'

export type RegistryErrorCode =
  /** No answer, or none that makes sense. */
  | 'WEIR_REGISTRY_AWAY'
  /** It won't have the schema: not compatible with what is there. */
  | 'WEIR_REGISTRY_REFUSED'
  /** It keeps something else than it was given, so tags can't be trusted to survive. */
  | 'WEIR_REGISTRY_CHANGED'

export class RegistryError extends Error {
  readonly code: RegistryErrorCode

  constructor(code: RegistryErrorCode, message: string) {
    super(message)
    this.name = 'RegistryError'
    this.code = code
  }
}

const TIMEOUT_MS = 10_000
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'

interface Has {
  readonly subject: boolean
  readonly schema: boolean
  readonly compatibility: boolean
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

/**
 * Writes schemas over the registry's Confluent API. Plain HTTP: the usual client parses schemas with avsc, which loses
 * tags, and sets the compatibility of a subject only where there was none.
 */
export class Registry {
  readonly #url: string

  /** `url` ends where the API begins, such as `http://…/apis/ccompat/v7`. */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '')
  }

  /**
   * Whether the subject has any version, exactly this schema among them, tags and docs included, and this
   * compatibility.
   */
  async has({ subject, schema, compatibility }: SubjectSpec): Promise<Has> {
    const hasSchema = await this.#hasSchema(subject, schema)
    return {
      subject: hasSchema || (await this.#hasVersions(subject)),
      schema: hasSchema,
      compatibility: (await this.#compatibility(subject)) === compatibility,
    }
  }

  async setCompatibility({ subject, compatibility }: SubjectSpec): Promise<void> {
    const answer = await this.#ask('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility })
    if (answer.status !== 200) throw unexpected(subject, answer)
  }

  /** Registers a schema, and reads it back to see that it is kept as it was given. */
  async register({ subject, schema }: SubjectSpec): Promise<void> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`
    const answer = await this.#ask('POST', path, { schemaType: 'AVRO', schema: JSON.stringify(schema) })
    if (answer.status === 409 || answer.status === 422) {
      const why = text(answer.body, 'message') ?? 'no reason given'
      const mend = 'Change the contract so that old and new readers both understand, or write to a new topic'
      throw new RegistryError(
        'WEIR_REGISTRY_REFUSED',
        `The registry refuses the schema of ${subject}: ${why}. ${mend}.`,
      )
    }
    if (answer.status !== 200) throw unexpected(subject, answer)
    if (await this.#hasSchema(subject, schema)) return
    const mend = 'Weir reads tags from it, so use a registry that keeps custom properties'
    throw new RegistryError(
      'WEIR_REGISTRY_CHANGED',
      `The registry keeps the schema of ${subject} other than it was given. ${mend}.`,
    )
  }

  async #hasSchema(subject: string, schema: unknown): Promise<boolean> {
    const answer = await this.#ask('POST', `/subjects/${encodeURIComponent(subject)}`, {
      schemaType: 'AVRO',
      schema: JSON.stringify(schema),
    })
    if (answer.status === 404) return false
    const found = text(answer.body, 'schema')
    if (answer.status !== 200 || found === null) throw unexpected(subject, answer)
    return isDeepStrictEqual(parse(found), schema)
  }

  async #hasVersions(subject: string): Promise<boolean> {
    const answer = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions`)
    if (answer.status === 404) return false
    if (answer.status !== 200 || !Array.isArray(answer.body)) throw unexpected(subject, answer)
    return answer.body.length > 0
  }

  async #compatibility(subject: string): Promise<string | null> {
    const answer = await this.#ask('GET', `/config/${encodeURIComponent(subject)}`)
    if (answer.status === 404) return null
    if (answer.status !== 200) throw unexpected(subject, answer)
    return text(answer.body, 'compatibilityLevel') ?? text(answer.body, 'compatibility')
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Answer> {
    try {
      const response = await fetch(this.#url + path, {
        method,
        headers: { accept: `${MEDIA_TYPE}, application/json`, 'content-type': MEDIA_TYPE },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      return { status: response.status, body: parse(await response.text()) }
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer in time'
      const mend = 'See that SCHEMA_REGISTRY_URL is right and the registry is up'
      throw new RegistryError('WEIR_REGISTRY_AWAY', `The schema registry can't be reached (${cause}). ${mend}.`)
    }
  }
}

function unexpected(subject: string, answer: Answer): RegistryError {
  const said = text(answer.body, 'message')
  const why = said === null ? '' : `: ${said}`
  const mend = 'See that SCHEMA_REGISTRY_URL leads to its Confluent API (Apicurio: /apis/ccompat/v7)'
  return new RegistryError(
    'WEIR_REGISTRY_AWAY',
    `The schema registry answered ${answer.status} for ${subject}${why}. ${mend}.`,
  )
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

function text(body: unknown, key: string): string | null {
  if (typeof body !== 'object' || body === null) return null
  const value: unknown = Reflect.get(body, key)
  return typeof value === 'string' ? value : null
}
