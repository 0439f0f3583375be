import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type EventEncoder, eventEncoder } from '@weir/producer'
import type { PlainEvent } from './value-at.ts'

/** Events read from outside can't be used; the message says where and what to do. Nothing has been published. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly code = 'WEIR_INPUT_INVALID'
}

export interface InputOptions {
  /** A file, or `-` for stdin. */
  readonly path: string
  /** The contract's raw schema, parsed JSON, tags included. */
  readonly rawSchema: unknown
  readonly stdin?: Readable
}

/** More problems of one line than these are only counted. Values are never quoted: they are personal. */
const MOST_PROBLEMS = 5

const NOTHING_PUBLISHED = 'Nothing was published.'

/**
 * Reads NDJSON: one event a line as plain JSON (a nullable field is a value, null or left out; an enum its symbol; a
 * time Unix milliseconds). Empty lines are skipped. All of it is read and checked, as the producer will, before
 * anything is published, so that a bad line in the middle publishes nothing.
 *
 * @throws InputError naming line and field
 */
export async function readEvents(options: InputOptions): Promise<PlainEvent[]> {
  const contract = eventEncoder(options.rawSchema)
  const name = options.path === '-' ? 'stdin' : options.path
  const source = options.path === '-' ? (options.stdin ?? process.stdin) : createReadStream(options.path)
  const events: PlainEvent[] = []
  let line = 0
  try {
    // The file may fail to open before anyone iterates; readline alone would not say so.
    const failed = new Promise<never>((_, reject) => source.once('error', reject))
    failed.catch(() => undefined)
    const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([lines.next(), failed])
      if (next.done === true) break
      line++
      if (next.value.trim() !== '') events.push(parseEvent(next.value, contract, `${name}, line ${line}`))
    }
  } catch (error) {
    if (error instanceof InputError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new InputError(`${name} can't be read (${code}). Give a file of NDJSON events, or - for stdin.`)
  }
  if (events.length === 0) throw new InputError(`${name} holds no event. Give one JSON event a line.`)
  return events
}

function parseEvent(text: string, contract: EventEncoder, where: string): PlainEvent {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new InputError(`${where}: not JSON. Give one complete JSON object a line. ${NOTHING_PUBLISHED}`)
  }
  if (!isObject(parsed)) {
    throw new InputError(`${where}: not a JSON object. Give one event a line. ${NOTHING_PUBLISHED}`)
  }
  const problems = contract.problems(parsed)
  if (problems.length > 0) {
    const told = listed(problems.map(({ path, expected, found }) => `${path} is ${found}, expected ${expected}`))
    throw new InputError(`${where}: doesn't fit the contract: ${told}. ${NOTHING_PUBLISHED}`)
  }
  return parsed
}

function listed(problems: readonly string[]): string {
  const more = problems.length > MOST_PROBLEMS ? `; and ${problems.length - MOST_PROBLEMS} more` : ''
  return problems.slice(0, MOST_PROBLEMS).join('; ') + more
}

function isObject(value: unknown): value is PlainEvent {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
