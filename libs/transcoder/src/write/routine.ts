import type { Places } from '../read/places.ts'
import { type Code, code } from './code.ts'
import { copyRange } from './copy-range.ts'
import { writeHost } from './leaf/host.ts'
import { countBytes, readCount, writeCount } from './longs.ts'
import { closeArray, isText, pseudonymizerFor, writeBytes, writeDecimal } from './routine-parts.ts'
import type { Position } from './spot.ts'

/** Whose positions an op means. */
export interface Scope {
  /** The variable that holds a slot's position. */
  variable(slot: number): Code
}

export function positionIn(scope: Scope, { slot, plus }: Position): Code {
  const variable = scope.variable(slot)
  return plus === 0 ? variable : code`(${variable} + ${plus})`
}

/**
 * The text of one routine under construction. What is not the library's own words (constants, keys, functions of verbs)
 * stands in a table, and the text has its index.
 */
export class Routine {
  readonly #lines: Code[] = []
  readonly #constants: unknown[] = []
  readonly #functions: Code[] = []
  readonly #rootSlots = new Set<number>()
  #names = 0

  add(line: Code): void {
    this.#lines.push(line)
  }

  /** A name that nothing else in this routine has. */
  name(): Code {
    return code`n${this.#names++}`
  }

  constant(value: unknown): Code {
    const known = this.#constants.indexOf(value)
    return code`c${known < 0 ? this.#constants.push(value) - 1 : known}`
  }

  addFunction(text: Code): void {
    this.#functions.push(text)
  }

  /** The record's own scope. */
  readonly record: Scope = {
    variable: (slot) => {
      this.#rootSlots.add(slot)
      return code`s${slot}`
    },
  }

  /** Scope of one element or value; its variables are declared here. */
  scopeOf(places: Places): Scope {
    const prefix = this.name()
    const variable = (slot: number): Code => code`${prefix}_${slot}`
    for (let slot = 0; slot < places.slots; slot++) this.add(code`let ${variable(slot)} = 0`)
    return { variable }
  }

  /** Reads the count or length at `cursor` into a new variable, and moves the cursor behind it. */
  readCount(cursor: Code): Code {
    const count = this.name()
    this.add(countText(cursor, count))
    return count
  }

  /** @param parameters after `marks` and `record`, which every routine has */
  text(parameters: Code): Code {
    const slots = [...this.#rootSlots].sort((one, two) => one - two)
    const lines = [
      code`'use strict'`,
      code`const { ${HELPER_NAMES} } = helpers`,
      ...this.#constants.map((_, i) => code`const c${i} = constants[${i}]`),
      ...this.#functions,
      code`return function (marks, record${parameters}) {`,
      code`const positions = marks.positions, base = marks.bases[record]`,
      code`const from = marks.sources[record], fromView = marks.views[record]`,
      ...slots.map((slot) => code`const s${slot} = positions[base + ${slot}]`),
      ...this.#lines,
      code`}`,
    ]
    return lines.join('\n') as Code
  }

  /** @returns what the text makes: a function of the type that the caller gave its parameters and lines */
  compile<T>(parameters: Code): T {
    const make = new Function('helpers', 'constants', this.text(parameters)) as (
      helpers: object,
      constants: unknown[],
    ) => T
    return make(HELPERS, this.#constants)
  }
}

/** Nearly always one byte. */
export function countText(cursor: Code, count: Code): Code {
  return code`let ${count} = from[${cursor}++]
if (${count} < 128) ${count} >>= 1
else { ${count} = readCount(from, ${cursor} - 1); ${cursor} += countBytes(${count}) - 1 }`
}

/** What routines call by name. */
const HELPERS = {
  closeArray,
  copyRange,
  countBytes,
  isText,
  pseudonymizerFor,
  readCount,
  writeBytes,
  writeCount,
  writeDecimal,
  writeHost,
}
const HELPER_NAMES = Object.keys(HELPERS).join(', ') as Code
