import { DURATION_FORM, parseDuration } from './durations.ts'
import type { FileFaults } from './faults.ts'
import type { Located, LocatedMap, Spot } from './located.ts'
import { nearest } from './nearest.ts'

/** A value and the place where it stands. */
export interface Found<T> extends Spot {
  readonly value: T
}

/**
 * Reads one YAML mapping by its keys. Each method gives the value, or null after adding a fault, so that one run finds
 * every fault of a file.
 */
export class Keys {
  readonly #map: LocatedMap
  readonly #faults: FileFaults
  readonly #spot: Spot

  /** `spot` is where a missing key is reported. Adds a fault for every key that is not known. */
  constructor(map: LocatedMap, faults: FileFaults, known: readonly string[], spot: Spot = map) {
    this.#map = map
    this.#faults = faults
    this.#spot = spot
    for (const [key, entry] of map.entries) {
      if (known.includes(key)) continue
      const like = nearest(key, known)
      const mend = like === null ? `Known keys are: ${known.join(', ')}` : `Did you mean "${like}"?`
      faults.add(entry, 'WEIR_CONTRACT_UNKNOWN_KEY', `unknown key "${key}"`, mend)
    }
  }

  has(key: string): boolean {
    return this.#map.entries.has(key)
  }

  /** The value of a key, and the place of the key. */
  raw(key: string): Found<Located> | null {
    const entry = this.#map.entries.get(key)
    if (entry !== undefined) return entry
    this.#faults.add(this.#spot, 'WEIR_CONTRACT_MISSING_KEY', `"${key}" is missing`, `Add a line "${key}: …"`)
    return null
  }

  text(key: string): Found<string> | null {
    const found = this.raw(key)
    if (found === null) return null
    const { value } = found
    if (value.kind === 'scalar' && typeof value.value === 'string' && value.value.trim() !== '') {
      return at(value, value.value.trim())
    }
    const mend = 'Write some words; put them in quotes if they look like a number'
    return this.#bad(value, `"${key}" must be text`, mend)
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): Found<T> | null {
    const found = this.text(key)
    if (found === null) return null
    const value = allowed.find((one) => one === found.value)
    if (value !== undefined) return at(found, value)
    return this.#bad(found, `"${key}" is "${found.value}"`, `Write one of: ${allowed.join(', ')}`)
  }

  /** A whole number, at least 1. */
  count(key: string): Found<number> | null {
    const found = this.raw(key)
    if (found === null) return null
    const value = found.value.kind === 'scalar' ? found.value.value : null
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return at(found.value, value)
    return this.#bad(found.value, `"${key}" must be a whole number, at least 1`, 'Write a number such as 1')
  }

  /** Milliseconds. `words` are texts that stand for no limit and give null as the value. */
  duration(key: string, words: readonly string[] = []): Found<number | null> | null {
    const found = this.text(key)
    if (found === null) return null
    if (words.includes(found.value)) return at(found, null)
    const value = parseDuration(found.value)
    if (value !== null) return at(found, value)
    const what = `"${key}" is "${found.value}", which is no duration`
    const mend = [DURATION_FORM, ...words.map((word) => `"${word}"`)].join(', or ')
    this.#faults.add(found, 'WEIR_CONTRACT_BAD_DURATION', what, capital(mend))
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
    if (found.value.kind !== 'list') return this.#bad(found.value, `"${key}" must be a list`, `Write ${form}`)
    const values: T[] = []
    for (const item of found.value.items) {
      const value = item.kind === 'scalar' ? item.value : null
      if (!test(value)) return this.#bad(item, `"${key}" holds something else than wanted`, `Write ${form}`)
      if (values.includes(value)) return this.#bad(item, `"${key}" names ${value} twice`, 'Take one out')
      values.push(value)
    }
    return at(found.value, values)
  }

  #bad(spot: Spot, what: string, mend: string): null {
    this.#faults.add(spot, 'WEIR_CONTRACT_BAD_VALUE', what, mend)
    return null
  }
}

function at<T>({ line, column }: Spot, value: T): Found<T> {
  return { line, column, value }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
