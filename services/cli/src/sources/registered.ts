import type { Contracts, Registered } from '@weir/contracts'
import { CliError, usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'

const TIMEOUT_MS = 10_000

/**
 * All registered versions of a contract's schemas, by topic as the contract names it.
 * @param url where the registry's Confluent API begins
 * @param namespace prefix of registry subjects
 * @throws CliError when `url` is no web address, or the registry does not answer as it should
 */
export async function registeredSchemas(contracts: Contracts, url: string, namespace: string): Promise<Registered> {
  const topics = contracts.streams.flatMap((stream) => [stream.rawTopic, ...stream.outputs.map((one) => one.topic)])
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw usageError('--registry is no web address. Write it whole, such as http://localhost:8081/apis/ccompat/v7.')
  }
  const registry = url.replace(/\/+$/, '')
  const found = new Map<string, { name: string; schema: unknown }[]>()
  for (const topic of topics) {
    const subject = `${namespace}${topic}-value`
    const path = `${registry}/subjects/${encodeURIComponent(subject)}/versions`
    const versions = await ask(path)
    if (versions === null) continue
    if (!Array.isArray(versions)) throw strange(path)
    const schemas: { name: string; schema: unknown }[] = []
    for (const version of versions) {
      const answer = await ask(`${path}/${Number(version)}`)
      const schema: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'schema') : null
      if (typeof schema !== 'string') throw strange(path)
      schemas.push({ name: `version ${Number(version)} of ${subject}`, schema: parse(schema, path) })
    }
    found.set(topic, schemas)
  }
  return found
}

/** Null: not found. */
async function ask(url: string): Promise<unknown> {
  let response: Response
  let body: string
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    body = await response.text()
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : 'no answer in time'
    throw unreachable(`The schema registry can't be reached (${cause}). See that --registry is right and it is up.`)
  }
  if (response.status === 404) return null
  if (response.status !== 200) throw strange(url)
  return parse(body, url)
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw strange(url)
  }
}

function strange(url: string): CliError {
  const { pathname } = new URL(url)
  const mend = 'See that --registry leads to its Confluent API (Apicurio: /apis/ccompat/v7)'
  return unreachable(`The schema registry's answer to ${pathname} makes no sense. ${mend}.`)
}

function unreachable(message: string): CliError {
  return new CliError('WEIR_CLI_UNREACHABLE', ExitCode.unreachable, message)
}
