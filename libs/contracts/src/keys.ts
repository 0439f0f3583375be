import { DURATION_FORM, parseDuration } from './durations.ts'
import type { FileFaults } from './faults.ts'
import type { Located, LocatedMap } from './located.ts'
import { nearest } from './nearest.ts'

/** A value and the line where it stands. */
export interface Found<T> {
  readonly line: number
  readonly value: T
}

export interface KeyNames {
  readonly known: readonly string[]
  /** Keys that a later version will know. Refused by name: what they say must never be ignored. */
  readonly later?: readonly string[]
}

/**
 * Reads one YAML mapping by its keys. Each method gives the value, or null after adding a fault, so that one run finds
 * every fault of a file.
 */
export class Keys {
  readonly #map: LocatedMap
  readonly #faults: FileFaults
  readonly #line: number

  /** `line` is where a missing key is reported. Adds a fault for every key that is not known. */
  constructor(map: LocatedMap, faults: FileFaults, names: KeyNames, line: number = map.line) {
    this.#map = map
    this.#faults = faults
    this.#line = line
    for (const [key, entry] of map.entries) {
      if (names.known.includes(key)) continue
      if (names.later?.includes(key) === true) {
        const mend = 'Leave it out, and let the policy show only what is right without it'
        faults.add(entry.line, 'WEIR_CONTRACT_NOT_YET', `this version of Weir does not know "${key}" yet`, mend)
        continue
      }
      const like = nearest(key, names.known)
      const mend = like === null ? `Known keys are: ${names.known.join(', ')}` : `Did you mean "${like}"?`
      faults.add(entry.line, 'WEIR_CONTRACT_UNKNOWN_KEY', `unknown key "${key}"`, mend)
    }
  }

  has(key: string): boolean {
    return this.#map.entries.has(key)
  }

  raw(key: string): Found<Located> | null {
    const entry = this.#map.entries.get(key)
    if (entry !== undefined) return { line: entry.line, value: entry.value }
    this.#faults.add(this.#line, 'WEIR_CONTRACT_MISSING_KEY', `"${key}" is missing`, `Add a line "${key}: …"`)
    return null
  }

  text(key: string): Found<string> | null {
    const found = this.raw(key)
    if (found === null) return null
    if (found.value.kind === 'scalar' && typeof found.value.value === 'string' && found.value.value.trim() !== '') {
      return { line: found.line, value: found.value.value.trim() }
    }
    return this.#bad(
      found.line,
      `"${key}" must be text`,
      'Write some words; put them in quotes if they look like a number',
    )
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): Found<T> | null {
    const found = this.text(key)
    if (found === null) return null
    const value = allowed.find((one) => one === found.value)
    if (value !== undefined) return { line: found.line, value }
    return this.#bad(found.line, `"${key}" is "${found.value}"`, `Write one of: ${allowed.join(', ')}`)
  }

  /** A whole number, at least 1. */
  count(key: string): Found<number> | null {
    const found = this.raw(key)
    if (found === null) return null
    const value = found.value.kind === 'scalar' ? found.value.value : null
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return { line: found.line, value }
    return this.#bad(found.line, `"${key}" must be a whole number, at least 1`, 'Write a number such as 1')
  }

  /** Milliseconds. `words` are texts that stand for no limit and give null as the value. */
  duration(key: string, words: readonly string[] = []): Found<number | null> | null {
    const found = this.text(key)
    if (found === null) return null
    if (words.includes(found.value)) return { line: found.line, value: null }
    const value = parseDuration(found.value)
    if (value !== null) return { line: found.line, value }
    const mend = [DURATION_FORM, ...words.map((word) => `"${word}"`)].join(', or ')
    this.#faults.add(
      found.line,
      'WEIR_CONTRACT_BAD_DURATION',
      `"${key}" is "${found.value}", which is no duration`,
      capital(mend),
    )
    return null
  }

  /** A list of scalars, all of which pass `test`. `form` says what they look like. */
  list<T extends string | number>(
    key: string,
    test: (value: unknown) => value is T,
    form: string,
  ): Found<readonly T[]> | null {
    const found = this.raw(key)
    if (found === null) return null
    if (found.value.kind !== 'list') return this.#bad(found.line, `"${key}" must be a list`, `Write ${form}`)
    const values: T[] = []
    for (const item of found.value.items) {
      const value = item.kind === 'scalar' ? item.value : null
      if (!test(value)) return this.#bad(item.line, `"${key}" holds something else than wanted`, `Write ${form}`)
      if (values.includes(value)) return this.#bad(item.line, `"${key}" names ${value} twice`, 'Take one out')
      values.push(value)
    }
    return { line: found.line, value: values }
  }

  #bad(line: number, what: string, mend: string): null {
    this.#faults.add(line, 'WEIR_CONTRACT_BAD_VALUE', what, mend)
    return null
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
