import type { Path } from '@weir/contracts'

/** The leaves that some branch pseudonymizes, each once whatever branches name it. */
export class FieldRegistry {
  /** By index; grows while branches are compiled. */
  readonly fields: Path[] = []
  readonly #indexes = new Map<string, number>()

  /** @param path with one key a step through a map: `ids{a}` */
  indexOf(path: Path): number {
    const name = JSON.stringify(path)
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const index = this.fields.push(path) - 1
    this.#indexes.set(name, index)
    return index
  }
}
