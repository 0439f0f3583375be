import type { SchemaNode } from '../schema/schema-node.ts'

/**
 * A place of a writer schema that is reached from the root by fields and union branches alone, so that it stands at most
 * once in a record. Whoever compiles a branch asks places for the positions it needs; the reader is compiled afterwards
 * to note these and no others.
 */
export class Place {
  readonly node: SchemaNode
  readonly #places: Places
  readonly #fields: (Place | undefined)[] = []
  readonly #branches: (Place | undefined)[] = []
  #start = NO_SLOT
  #end = NO_SLOT
  /** The field after this one, whose start is this one's end. */
  readonly #next: (() => Place) | null

  constructor(places: Places, node: SchemaNode, next: (() => Place) | null) {
    this.#places = places
    this.node = node
    this.#next = next
  }

  /** A record's field, by its index. */
  field(index: number): Place {
    const { node } = this
    const field = node.kind === 'record' ? node.fields[index] : undefined
    if (node.kind !== 'record' || field === undefined) throw new RangeError('the record has no such field')
    const next = index + 1 < node.fields.length ? () => this.field(index + 1) : null
    this.#fields[index] ??= new Place(this.#places, field.type, next)
    return this.#fields[index]
  }

  /** What stands in a union when it holds this branch: the value after the union's index. */
  branch(index: number): Place {
    const type = this.node.kind === 'union' ? this.node.branches[index] : undefined
    if (type === undefined) throw new RangeError('the union has no such branch')
    this.#branches[index] ??= new Place(this.#places, type, null)
    return this.#branches[index]
  }

  /**
   * Slot of the offset of the value's first byte (of a union: of its index). Its position is -1 in a record in which this
   * place does not stand, because a union on the way to it holds another branch. Asking makes the slot exist.
   */
  get start(): number {
    if (this.#start === NO_SLOT) this.#start = this.#places.newSlot()
    return this.#start
  }

  /** Slot of the offset after the value's last byte; it means nothing where the start is -1. Asking makes it exist. */
  get end(): number {
    if (this.#next !== null) return this.#next().start
    if (this.#end === NO_SLOT) this.#end = this.#places.newSlot()
    return this.#end
  }

  /** For the reader: what was asked for, without asking. */
  get asked(): AskedPlace {
    return { start: this.#start, end: this.#end, fields: this.#fields, branches: this.#branches }
  }
}

/** -1: nobody asked for this slot. Fields and branches that nobody asked for are absent. */
export interface AskedPlace {
  readonly start: number
  readonly end: number
  readonly fields: readonly (Place | undefined)[]
  readonly branches: readonly (Place | undefined)[]
}

const NO_SLOT = -1

/** All places of one writer schema, or of one element of an array in it, and how many slots they were asked for. */
export class Places {
  readonly root: Place
  #slots = 0

  constructor(root: SchemaNode) {
    this.root = new Place(this, root, null)
  }

  get slots(): number {
    return this.#slots
  }

  newSlot(): number {
    return this.#slots++
  }
}
