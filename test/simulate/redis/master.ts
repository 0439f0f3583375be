/** Field -> bytes; fields as latin1. */
export type Hash = ReadonlyMap<string, Buffer>

interface Write {
  readonly atMs: number
  readonly key: string
  readonly before: Hash | undefined
}

/** How many writes a replica may lack, and a failover take back. */
const REMEMBERED_WRITES = 4_000

/** What one Redis holds, with the last writes, which a replica may not have yet. Hashes are replaced, never changed. */
export class Master {
  readonly #hashes: Map<string, Hash>
  #writes: Write[] = []

  constructor(hashes: ReadonlyMap<string, Hash> = new Map()) {
    this.#hashes = new Map(hashes)
  }

  get keys(): readonly string[] {
    return [...this.#hashes.keys()]
  }

  get(key: string): Hash | undefined {
    return this.#hashes.get(key)
  }

  /** @param hash undefined: the key is gone */
  put(atMs: number, key: string, hash: Hash | undefined): void {
    this.#writes.push({ atMs, key, before: this.#hashes.get(key) })
    if (this.#writes.length > 2 * REMEMBERED_WRITES) this.#writes = this.#writes.slice(-REMEMBERED_WRITES)
    if (hash === undefined) this.#hashes.delete(key)
    else this.#hashes.set(key, hash)
  }

  dump(): ReadonlyMap<string, Hash> {
    return new Map(this.#hashes)
  }

  /** Becomes what it was then, as far as it remembers. */
  goBack(toMs: number): void {
    for (let last = this.#writes.at(-1); last !== undefined && last.atMs > toMs; last = this.#writes.at(-1)) {
      this.#writes.pop()
      if (last.before === undefined) this.#hashes.delete(last.key)
      else this.#hashes.set(last.key, last.before)
    }
  }
}
