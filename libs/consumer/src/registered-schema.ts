import { setTimeout as pause } from 'node:timers/promises'
import { DecodingFailed, WrongOptions } from './errors.ts'

export interface RegistryOptions {
  /** Where the registry's Confluent API begins. A user and password in it are sent as a Basic login. */
  readonly registryUrl: string
  /** Further headers of each request to the registry, such as `authorization`. */
  readonly registryHeaders?: Readonly<Record<string, string>>
}

const REQUEST_TIMEOUT_MS = 5_000
const RETRY_EVERY_MS = 250
/** While the registry is away, a batch waits: it is better than to end the consumer for a restart of it. */
const TRY_FOR_MS = 30_000

type Answer =
  | { readonly kind: 'found'; readonly schema: unknown }
  | { readonly kind: 'refused' | 'away'; readonly why: string }

/**
 * Asks the registry for schemas by their id, as parsed JSON.
 * @throws WrongOptions; what it gives rejects with DecodingFailed
 */
export function schemasById({ registryUrl, registryHeaders = {} }: RegistryOptions): (id: number) => Promise<unknown> {
  // `localhost:8081` is a URL too: of the scheme `localhost`.
  if (!URL.canParse(registryUrl) || !/^https?:/.test(new URL(registryUrl).protocol)) {
    throw new WrongOptions("registryUrl must be http:// or https://, where the registry's Confluent API begins.")
  }
  const base = new URL(registryUrl)
  const { username, password } = base
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const basic = username === '' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
  base.username = ''
  base.password = ''
  const url = base.href.replace(/\/+$/, '')
  const headers = { accept: 'application/vnd.schemaregistry.v1+json, application/json', ...basic, ...registryHeaders }

  return async (id) => {
    const untilMs = performance.now() + TRY_FOR_MS
    for (;;) {
      const answer = await ask(`${url}/schemas/ids/${id}`, headers)
      if (answer.kind === 'found') return answer.schema
      if (answer.kind === 'refused' || performance.now() > untilMs) {
        throw new DecodingFailed(
          `The registry does not give schema ${id}: ${answer.why}. See that registryUrl is right and the registry is up.`,
        )
      }
      await pause(RETRY_EVERY_MS)
    }
  }
}

async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const response = await fetch(url, { headers, redirect: 'manual', signal })
    const text = await response.text()
    if (response.ok) return found(text)
    const isBusy = response.status >= 500 || response.status === 429
    return { kind: isBusy ? 'away' : 'refused', why: `it answered ${response.status}` }
  } catch {
    return { kind: 'away', why: 'no answer' }
  }
}

function found(text: string): Answer {
  try {
    const body: unknown = JSON.parse(text)
    const schema = typeof body === 'object' && body !== null ? Reflect.get(body, 'schema') : undefined
    if (typeof schema === 'string') return { kind: 'found', schema: JSON.parse(schema) }
  } catch {
    // Not the registry's JSON, or not Avro: told below.
  }
  return { kind: 'refused', why: "its answer is not an Avro schema of the Confluent API's" }
}
