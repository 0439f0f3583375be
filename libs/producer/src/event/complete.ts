import { nearest } from '@weir/contracts'
import type { Problem } from '../errors.ts'
import type { Field, FixedNode, RecordNode, SchemaNode, UnionNode } from '../schema/node.ts'
import { REQUIRED, valueWhenLeftOut } from './default-value.ts'
import { expectedWords, foundWords } from './expected.ts'
import { bytesOf, primitiveValue } from './primitive.ts'
import { fieldKey, type WireObject, type WireValue } from './wire-value.ts'

/** The sanitizer takes no deeper nesting (a recursive schema has no bound of its own), so it is not sent. */
const MAX_DEPTH = 128
/** An event that is wrong everywhere needs no endless list. */
const MOST_PROBLEMS = 20
const LONGEST_NAME = 60

export interface CompleteOptions {
  readonly root: RecordNode
  /** Text fields that must not be empty. */
  readonly ids: ReadonlySet<Field>
  readonly branchKey: (branch: SchemaNode) => string
}

/** The event as it goes on the wire, defaults filled in; or all that is wrong with it. */
export type Completed = { readonly value: WireObject } | { readonly problems: readonly Problem[] }

/** Checks an event against its schema and completes it, in one walk. The event is not changed. */
export function complete(event: unknown, options: CompleteOptions): Completed {
  const walk = new Walk(options)
  const value = walk.record(options.root, event, 0)
  return walk.problems.length === 0 ? { value } : { problems: walk.problems }
}

/** Stands in for a value that has a problem; the result is not used then. */
const NONE: WireValue = null

class Walk {
  readonly problems: Problem[] = []
  readonly #options: CompleteOptions
  /** Steps to where the walk stands; the first has no dot. */
  readonly #path: string[] = []

  constructor(options: CompleteOptions) {
    this.#options = options
  }

  record(node: RecordNode, given: unknown, depth: number): WireObject {
    const value: { [key: string]: WireValue } = {}
    if (!isObject(given)) {
      this.#refuse(node, given)
      return value
    }
    const meant = this.#unknownFields(node, given)
    for (const [i, field] of node.fields.entries()) {
      this.#path.push(this.#path.length === 0 ? field.name : `.${field.name}`)
      value[fieldKey(i)] = this.#field(field, Object.hasOwn(given, field.name) ? given[field.name] : undefined, {
        depth: depth + 1,
        isMeant: meant.has(field.name),
      })
      this.#path.pop()
    }
    return value
  }

  #field(field: Field, given: unknown, { depth, isMeant }: { depth: number; isMeant: boolean }): WireValue {
    const present = given === undefined ? valueWhenLeftOut(field) : given
    if (present === REQUIRED) {
      // Said already: it is there under a misspelt name.
      if (!isMeant) this.#refuse(field.node, undefined)
      return NONE
    }
    if (present === '' && this.#options.ids.has(field)) {
      this.#add({ path: this.#at(), expected: 'text that is not empty', found: 'empty text' })
      return NONE
    }
    return this.#value(field.node, present, depth)
  }

  #value(node: SchemaNode, given: unknown, depth: number): WireValue {
    if (depth > MAX_DEPTH) {
      this.#add({ path: this.#at(), expected: `at most ${MAX_DEPTH} levels of nesting`, found: 'deeper' })
      return NONE
    }
    switch (node.kind) {
      case 'record':
        return this.record(node, given, depth)
      case 'optional':
        if (given === null) return null
        return { [this.#options.branchKey(node.node)]: this.#value(node.node, given, depth + 1) }
      case 'union':
        return this.#union(node, given, depth)
      case 'array':
        return Array.isArray(given) ? this.#items(node.items, given, depth) : this.#refuse(node, given)
      case 'map':
        return isObject(given) ? this.#entries(node.values, given, depth) : this.#refuse(node, given)
      case 'enum':
        return typeof given === 'string' && node.symbols.includes(given) ? given : this.#refuse(node, given)
      case 'fixed':
        return this.#fixed(node, given)
      default:
        return (
          primitiveValue(node, given) ?? (node.kind === 'null' && given === null ? null : this.#refuse(node, given))
        )
    }
  }

  #items(items: SchemaNode, given: readonly unknown[], depth: number): WireValue {
    const values: WireValue[] = []
    for (let i = 0; i < given.length; i++) values.push(this.#inside(`[${i}]`, items, given[i], depth))
    return values
  }

  #entries(type: SchemaNode, given: Readonly<Record<string, unknown>>, depth: number): WireValue {
    // fromEntries defines keys and never sets them, so that "__proto__" is a key like any other.
    return Object.fromEntries(
      Object.entries(given).map(([key, value], i) => {
        if (!key.isWellFormed())
          this.#add({ path: `${this.#at()}{#${i}}`, expected: 'a key of text', found: 'half a character' })
        return [key, this.#inside(`{#${i}}`, type, value, depth)]
      }),
    )
  }

  #union(node: UnionNode, given: unknown, depth: number): WireValue {
    const hasNull = node.branches.some((branch) => branch.node.kind === 'null')
    if (given === null && hasNull) return null
    const keys = isObject(given) ? Object.keys(given).filter((key) => given[key] !== undefined) : []
    const branch = node.branches.find(({ name, node: type }) => name === keys[0] && type.kind !== 'null')
    if (!isObject(given) || keys.length !== 1 || branch === undefined) return this.#refuse(node, given)
    const value = this.#inside(`<${branch.name}>`, branch.node, given[branch.name], depth)
    return { [this.#options.branchKey(branch.node)]: value }
  }

  #fixed(node: FixedNode, given: unknown): WireValue {
    const bytes = bytesOf(given)
    return bytes?.length === node.size ? bytes : this.#refuse(node, given)
  }

  #inside(step: string, node: SchemaNode, given: unknown, depth: number): WireValue {
    this.#path.push(step)
    const value = given === undefined ? this.#refuse(node, given) : this.#value(node, given, depth + 1)
    this.#path.pop()
    return value
  }

  /** Reports what the schema does not have; gives the names of fields that were meant. */
  #unknownFields(node: RecordNode, given: Readonly<Record<string, unknown>>): Set<string> {
    const meant = new Set<string>()
    const unknown = Object.keys(given).filter(
      (name) => given[name] !== undefined && !node.fields.some((field) => field.name === name),
    )
    for (const name of unknown) {
      const free = node.fields.map((field) => field.name).filter((field) => !Object.hasOwn(given, field))
      const near = nearest(name, free)
      if (near !== null) meant.add(near)
      const names = node.fields.map((field) => field.name).join(', ')
      const expected = near === null ? `one of the fields ${names}` : this.#at(near)
      // What is like no field may be a value in a field's place: it is counted, not told.
      const told = near === null ? `{#${Object.keys(given).indexOf(name) + 1}}` : shown(name)
      this.#add({ path: this.#at(told), expected, found: 'an unknown field' })
    }
    return meant
  }

  #refuse(node: SchemaNode, given: unknown): typeof NONE {
    this.#add({ path: this.#at(), expected: expectedWords(node), found: foundWords(given) })
    return NONE
  }

  #add(problem: Problem): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(problem)
  }

  #at(field?: string): string {
    const at = this.#path.join('')
    if (field === undefined) return at
    return at === '' ? field : `${at}.${field}`
  }
}

/** A name that the schema does not have, fit for one line of a log. */
function shown(name: string): string {
  const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
  return /^[\w-]+…?$/.test(short) ? short : JSON.stringify(short)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Uint8Array) && !(value instanceof Date)
}
