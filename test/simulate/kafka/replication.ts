import type { World } from './options.ts'
import type { Partition } from './partition.ts'

/**
 * Followers fetch from leaders: one thread for each pair of brokers, as ReplicaFetcherManager has them, so what was
 * appended to many partitions at once reaches a follower at once.
 */
export class Replication {
  readonly #world: World
  readonly #isConnected: (id: number) => boolean
  /** By leader and follower: what the follower's next fetch brings. */
  readonly #threads = new Map<number, Set<Partition>>()

  constructor(world: World, isConnected: (id: number) => boolean) {
    this.#world = world
    this.#isConnected = isConnected
  }

  /** All followers are to fetch this partition. */
  wanted(partition: Partition): void {
    for (const follower of partition.replicas) this.#want(partition, follower)
  }

  /** A broker is back: it fetches what it follows, and others fetch what it leads. */
  wantedOf(partitions: readonly Partition[], id: number): void {
    for (const partition of partitions) {
      if (partition.leader === id) this.wanted(partition)
      else if (partition.replicas.includes(id)) this.#want(partition, id)
    }
  }

  #want(partition: Partition, follower: number): void {
    const { leader } = partition
    if (leader < 0 || leader === follower) return
    const thread = leader * this.#world.brokers + follower
    const wanted = this.#threads.get(thread)
    if (wanted !== undefined) {
      wanted.add(partition)
      return
    }
    const fetched = new Set([partition])
    this.#threads.set(thread, fetched)
    this.#world.after(this.#world.delayMs(), () => {
      this.#threads.delete(thread)
      // Whoever is back later asks again.
      if (!this.#isConnected(leader) || !this.#isConnected(follower)) return
      for (const of of fetched) if (of.leader === leader) of.replicate(follower)
    })
  }
}
