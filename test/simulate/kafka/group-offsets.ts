/** A group's committed offsets, and those that open transactions hold (OffsetMetadataManager). By "topic/partition". */
export class GroupOffsets {
  readonly #committed = new Map<string, number>()
  readonly #pending = new Map<number, Map<string, number>>()

  /** -1: none. */
  committed(place: string): number {
    return this.#committed.get(place) ?? -1
  }

  isPending(place: string): boolean {
    for (const offsets of this.#pending.values()) if (offsets.has(place)) return true
    return false
  }

  add(producerId: number, offsets: readonly { readonly place: string; readonly offset: number }[]): void {
    const pending = this.#pending.get(producerId) ?? new Map<string, number>()
    this.#pending.set(producerId, pending)
    for (const { place, offset } of offsets) pending.set(place, offset)
  }

  pendingOf(producerId: number): ReadonlyMap<string, number> {
    return this.#pending.get(producerId) ?? new Map()
  }

  end(producerId: number, isCommit: boolean): void {
    const pending = this.#pending.get(producerId)
    this.#pending.delete(producerId)
    if (isCommit) for (const [place, offset] of pending ?? []) this.#committed.set(place, offset)
  }

  forget(topic: string): void {
    for (const offsets of [this.#committed, ...this.#pending.values()]) {
      for (const place of offsets.keys()) if (place.startsWith(`${topic}/`)) offsets.delete(place)
    }
  }

  forgetCommitted(): void {
    this.#committed.clear()
  }

  frozen(): GroupOffsets {
    const copy = new GroupOffsets()
    for (const [place, offset] of this.#committed) copy.#committed.set(place, offset)
    for (const [producerId, offsets] of this.#pending) copy.#pending.set(producerId, new Map(offsets))
    return copy
  }
}
