import { setTimeout as pause } from 'node:timers/promises'
import { RegistryAway, SchemaNotRegistered, WrongOptions } from './errors.ts'

export interface RegistryOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly subject: string
  /** Parsed JSON; null: the subject's newest. */
  readonly schema: unknown
  /** Ends waiting for a registry that is away. */
  readonly signal: AbortSignal
}

export interface RegisteredSchema {
  readonly id: number
  readonly schema: unknown
}

const REQUEST_TIMEOUT_MS = 5_000
const RETRY_EVERY_MS = 250
const MAX_ID = 0x7fffffff

/**
 * Looks up under which id the registry has a schema. Reads only: schemas are registered by `weir contract apply`. While
 * the registry is away it asks again until the signal aborts.
 * @throws SchemaNotRegistered, RegistryAway
 */
export async function registeredSchema(options: RegistryOptions): Promise<RegisteredSchema> {
  const request = requestOf(options)
  let why = 'no answer in time'
  for (;;) {
    const answer = await ask(request, options.signal)
    if (answer.kind === 'found') return { id: answer.id, schema: options.schema ?? answer.schema }
    if (answer.kind === 'absent') throw new SchemaNotRegistered(options.subject)
    if (answer.kind === 'refused') throw new RegistryAway(answer.why)
    // A request that our own signal cut off tells less than the one before it.
    if (!options.signal.aborted) {
      why = answer.why
      await pause(RETRY_EVERY_MS, undefined, { signal: options.signal }).catch(() => undefined)
    }
    if (options.signal.aborted) throw new RegistryAway(why)
  }
}

type Answer =
  | { readonly kind: 'found'; readonly id: number; readonly schema: unknown }
  | { readonly kind: 'absent' }
  /** Asking again may help. */
  | { readonly kind: 'away'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

interface Request {
  readonly url: string
  readonly init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: string }
}

function requestOf({ url, headers, subject, schema }: RegistryOptions): Request {
  if (!URL.canParse(url))
    throw new WrongOptions("registryUrl is no URL. Give where the registry's Confluent API begins.")
  const base = new URL(url)
  const login = base.username === '' ? {} : { authorization: `Basic ${loginOf(base)}` }
  base.username = ''
  base.password = ''
  const path = `${base.href.replace(/\/+$/, '')}/subjects/${encodeURIComponent(subject)}`
  const all = { accept: 'application/vnd.schemaregistry.v1+json, application/json', ...login, ...headers }
  if (schema === null) return { url: `${path}/versions/latest`, init: { method: 'GET', headers: all } }
  const body = JSON.stringify({ schema: JSON.stringify(schema) })
  return {
    url: path,
    init: { method: 'POST', headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...all }, body },
  }
}

function loginOf({ username, password }: URL): string {
  return Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
}

async function ask({ url, init }: Request, signal: AbortSignal): Promise<Answer> {
  try {
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)])
    const response = await fetch(url, { ...init, redirect: 'manual', signal: inTime })
    const text = await response.text()
    if (response.status === 404) return { kind: 'absent' }
    const isBusy = response.status >= 500 || response.status === 429
    if (!response.ok) return { kind: isBusy ? 'away' : 'refused', why: `it answered ${response.status}` }
    return found(text)
  } catch (error) {
    return { kind: 'away', why: whyOf(error) }
  }
}

function found(text: string): Answer {
  try {
    const body: unknown = JSON.parse(text)
    const id = typeof body === 'object' && body !== null ? Reflect.get(body, 'id') : undefined
    const schema = typeof body === 'object' && body !== null ? Reflect.get(body, 'schema') : undefined
    if (Number.isSafeInteger(id) && id > 0 && id <= MAX_ID && typeof schema === 'string') {
      return { kind: 'found', id, schema: JSON.parse(schema) }
    }
  } catch {
    // Not the registry's JSON: told below.
  }
  return { kind: 'refused', why: "its answer is not the Confluent API's" }
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'no answer in time'
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer'
}
