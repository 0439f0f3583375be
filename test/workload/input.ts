import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import avro from 'avsc'
import { fillDefaults } from './fill-defaults.ts'

/** Events read from outside can't be used; the message says where and what to do. Nothing has been published. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly code = 'WEIR_INPUT_INVALID'
}

/** An event in avsc's form. */
export type InputEvent = Readonly<Record<string, unknown>>

export interface InputOptions {
  /** A file, or `-` for stdin. */
  readonly path: string
  /** The contract's raw schema, parsed JSON. */
  readonly rawSchema: unknown
  /** Path of the leaf tagged as the subject: it must not be empty. */
  readonly subject: readonly string[]
  readonly stdin?: Readable
}

/** More problems of one line than these are only counted. Values are never quoted: they are personal. */
const MOST_PROBLEMS = 5

const NOTHING_PUBLISHED = 'Nothing was published.'

/**
 * Reads NDJSON: one event a line as plain JSON (a nullable field is a value, null or left out; an enum its symbol; a
 * time Unix milliseconds). Empty lines are skipped. All of it is read and checked before anything is published, so
 * that a bad line in the middle publishes nothing.
 *
 * @throws InputError naming line and field
 */
export async function readEvents(options: InputOptions): Promise<InputEvent[]> {
  const type = avro.Type.forSchema(options.rawSchema as avro.Schema)
  const name = options.path === '-' ? 'stdin' : options.path
  const source = options.path === '-' ? (options.stdin ?? process.stdin) : createReadStream(options.path)
  const events: InputEvent[] = []
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
      if (next.value.trim() !== '') events.push(parseEvent(next.value, type, options.subject, `${name}, line ${line}`))
    }
  } catch (error) {
    if (error instanceof InputError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new InputError(`${name} can't be read (${code}). Give a file of NDJSON events, or - for stdin.`)
  }
  if (events.length === 0) throw new InputError(`${name} holds no event. Give one JSON event a line.`)
  return events
}

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
export function withValueAt(event: InputEvent, path: readonly string[], value: unknown): InputEvent {
  const [field, ...rest] = path
  if (field === undefined) return event
  if (rest.length === 0) return { ...event, [field]: value }
  return { ...event, [field]: withValueAt((event[field] ?? {}) as InputEvent, rest, value) }
}

function parseEvent(text: string, type: avro.Type, subject: readonly string[], where: string): InputEvent {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new InputError(`${where}: not JSON. Give one complete JSON object a line. ${NOTHING_PUBLISHED}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new InputError(`${where}: not a JSON object. Give one event a line. ${NOTHING_PUBLISHED}`)
  }
  const event = fillDefaults(type, parsed) as InputEvent
  const problems: string[] = []
  type.isValid(event, {
    noUndeclaredFields: true,
    errorHook: (path, value, expected) => problems.push(problem(path, value, expected)),
  })
  if (problems.length === 0 && valueAt(event, subject) === '') problems.push(`${subject.join('.')} is empty`)
  if (problems.length > 0)
    throw new InputError(`${where}: doesn't fit the raw schema: ${listed(problems)}. ${NOTHING_PUBLISHED}`)
  return event
}

function listed(problems: readonly string[]): string {
  const more = problems.length > MOST_PROBLEMS ? `; and ${problems.length - MOST_PROBLEMS} more` : ''
  return problems.slice(0, MOST_PROBLEMS).join('; ') + more
}

function problem(path: readonly string[], value: unknown, expected: avro.Type): string {
  const name = path.length === 0 ? 'the event' : path.join('.')
  if (value === undefined) return `${name} is missing (expected ${typeWords(expected)})`
  // avsc reports a record that has fields it does not declare as a bad value of the record.
  if (expected.typeName === 'record' && typeof value === 'object' && value !== null) {
    const declared = new Set((expected as avro.types.RecordType).fields.map((field) => field.name))
    const strange = Object.keys(value).filter((field) => !declared.has(field))
    const prefix = path.length === 0 ? '' : `${name}.`
    if (strange.length > 0) return `${strange.map((field) => prefix + field).join(', ')} is no field of the schema`
  }
  return `${name} is ${valueWords(value)}, expected ${typeWords(expected)}`
}

function valueWords(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return `a ${typeof value}`
}

function typeWords(type: avro.Type): string {
  const name = type.typeName
  if (name === 'enum') return `one of ${(type as avro.types.EnumType).symbols.join(', ')}`
  if (name.startsWith('union')) {
    return (type as avro.types.UnwrappedUnionType).types.map((branch) => typeWords(branch)).join(' or ')
  }
  return name
}
