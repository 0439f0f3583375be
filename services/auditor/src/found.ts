import { type Node, only, simpleName } from './avro/node.ts'
import { compileRead, Malformed, type Read } from './avro/read.ts'
import { isEntries, type Value } from './avro/values.ts'
import type { KafkaRecord } from './evidence.ts'
import { type Form, HOUR_MS, MASKED } from './expected.ts'
import { partitionOf } from './partition.ts'

/** One record of a clean topic that a chunk's transaction wrote. */
export interface Found {
  readonly partition: number
  readonly record: KafkaRecord
  taken: boolean
}

/** When a record whose time is hidden may have been processed. */
export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** Records found, to be taken by forms that are equal to them. */
export class FoundRecords {
  readonly all: Found[]
  readonly #partitions: number
  readonly #byBytes = new Map<string, Found[]>()
  readonly #span: Span

  constructor(all: Found[], partitions: number, span: Span) {
    this.all = all
    this.#partitions = partitions
    this.#span = span
    for (const found of all) {
      const name = nameOf(found.record.key, found.record.value)
      const list = this.#byBytes.get(name)
      if (list === undefined) this.#byBytes.set(name, [found])
      else list.push(found)
    }
  }

  /** The first that nobody took; null when none is equal. */
  take(form: Form): Found | null {
    const list = this.#byBytes.get(nameOf(form.key, form.value))
    const found = list?.find((one) => !one.taken && this.#isEqual(one, form))
    if (list === undefined || found === undefined) return null
    found.taken = true
    // Bytes that come a thousand times over are taken from the front.
    if (list[0] === found) list.shift()
    return found
  }

  left(): Found[] {
    return this.all.filter(({ taken }) => !taken)
  }

  /** What is equal in all but where it stands: in a partition that is not the key's. */
  isInPlace({ partition, record: { key } }: Found): boolean {
    return key === null || partition === partitionOf(key, this.#partitions)
  }

  #isEqual(found: Found, form: Form): boolean {
    return found.record.headers === 0 && this.isInPlace(found) && hasTime(found.record.timestampMs, form, this.#span)
  }
}

export function hasTime(timestampMs: number, form: Form, span: Span): boolean {
  if (form.timestampMs !== null) return timestampMs === form.timestampMs
  return timestampMs % HOUR_MS === 0 && timestampMs > span.fromMs - 2 * HOUR_MS && timestampMs <= span.toMs + HOUR_MS
}

export function nameOf(key: Buffer | null, value: Buffer | null): string {
  return `${key?.toString('latin1') ?? '-'}|${value?.toString('latin1') ?? '-'}`
}

const PSEUDONYM = /^\d{1,3}\.[0-9a-f]{32}$/

export function isPseudonym(text: string): boolean {
  return PSEUDONYM.test(text)
}

/** Leaves of a clean value by their path, those that are not null, as text to be compared. */
export type Leaves = ReadonlyMap<string, string>

/** Names as a finding tells them. */
export function leafNames(paths: Iterable<string>): string[] {
  return [...new Set([...paths].map((path) => path.replace(/\[\d+\]/g, '[]').replace(/\{\d+\}(?:key)?/g, '{}')))]
}

/** Reads clean values of one schema for comparing. */
export class CleanReader {
  readonly #node: Node
  readonly #id: number
  readonly #read: Read

  constructor(node: Node, id: number) {
    this.#node = node
    this.#id = id
    this.#read = compileRead(node)
  }

  /** Null: no value of this schema. */
  leaves(value: Buffer | null): Leaves | null {
    if (value === null || value.length < 5 || value[0] !== 0 || value.readUInt32BE(1) !== this.#id) return null
    try {
      const leaves = new Map<string, string>()
      flatten(this.#node, this.#read(value, 5), '', leaves)
      return leaves
    } catch (error) {
      if (error instanceof Malformed) return null
      throw error
    }
  }
}

/** Whether both are the same but for pseudonyms that could not be computed. */
export function sameButMasked(expected: Leaves, found: Leaves): boolean {
  if (expected.size !== found.size) return false
  for (const [path, text] of expected) {
    const other = found.get(path)
    const same = text === MASKED.toString() ? other !== undefined && isPseudonym(other) : other === text
    if (!same) return false
  }
  return true
}

function flatten(node: Node, value: Value, path: string, leaves: Map<string, string>): void {
  if (value === null) return
  const type = only(node)
  const under = (name: string) => (path === '' ? name : `${path}.${name}`)
  switch (type?.kind) {
    case 'record':
      // Its presence shows too.
      if (path !== '') leaves.set(path, simpleName(type))
      for (const [i, field] of type.fields.entries())
        flatten(field.type, (value as readonly Value[])[i] ?? null, under(field.name), leaves)
      return
    case 'array': {
      const items = value as readonly Value[]
      leaves.set(`${path}[]`, String(items.length))
      for (const [i, item] of items.entries()) flatten(type.items, item, `${path}[${i}]`, leaves)
      return
    }
    case 'map':
      if (!isEntries(value)) return
      leaves.set(`${path}{}`, String(value.entries.length))
      // By number: a key that leaked is a value, and no name to be told.
      for (const [i, [key, one]] of value.entries.entries()) {
        leaves.set(`${path}{${i}}key`, key.toString('utf8'))
        flatten(type.values, one, `${path}{${i}}`, leaves)
      }
      return
    case 'string':
      leaves.set(path, (value as Buffer).toString('utf8'))
      return
    default:
      leaves.set(path, Buffer.isBuffer(value) ? value.toString('hex') : String(value))
  }
}
