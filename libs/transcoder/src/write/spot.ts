import type { Place } from '../read/places.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { countBytes } from './longs.ts'

/** A position in a record: where a slot says, and so many bytes after it. */
export interface Position {
  readonly slot: number
  readonly plus: number
}

/**
 * A place of the writer schema with its range. Ranges are said by as few slots as can be, so that neighbours are seen as
 * such: a record's last field ends where the record does, and what a union holds begins after the union's index.
 */
export class Spot {
  readonly node: SchemaNode
  readonly #place: Place
  readonly #start: (() => Position) | null
  readonly #end: (() => Position) | null

  constructor(place: Place, start: (() => Position) | null = null, end: (() => Position) | null = null) {
    this.node = place.node
    this.#place = place
    this.#start = start
    this.#end = end
  }

  /** Asking makes its slot exist. */
  get start(): Position {
    return this.#start === null ? { slot: this.#place.start, plus: 0 } : this.#start()
  }

  /** Asking makes its slot exist. */
  get end(): Position {
    return this.#end === null ? { slot: this.#place.end, plus: 0 } : this.#end()
  }

  field(index: number): Spot {
    const fields = this.node.kind === 'record' ? this.node.fields.length : 0
    const next = index + 1 < fields ? this.#place.field(index + 1) : null
    return new Spot(
      this.#place.field(index),
      index === 0 ? () => this.start : null,
      next === null ? () => this.end : () => ({ slot: next.start, plus: 0 }),
    )
  }

  /** What a union holds when it has this index; null: the place is no union, and stays as it is. */
  inside(index: number | null): Spot {
    if (index === null) return this
    const after = (): Position => ({ slot: this.start.slot, plus: this.start.plus + countBytes(index) })
    return new Spot(this.#place.branch(index), after, () => this.end)
  }
}
