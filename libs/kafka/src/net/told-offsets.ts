import type { TopicPartition } from '../port.ts'

/** A broker as it was when the group's coordinator had been lost sight of so many times. */
export interface Teller {
  readonly nodeId: number
  readonly losses: number
}

/**
 * Which broker has told the committed offsets that a reader starts from. A group's coordinator that has lost touch with
 * the other brokers goes on answering from memory, heartbeats and offsets too, and so tells offsets that were passed long
 * ago. It can't take any, since that is a write: so those it told are proved once it has taken the next ones. Unless it
 * was lost sight of between: it may have come back by then, and knows better than when it told them.
 */
export class ToldOffsets {
  readonly #tellers = new Map<string, Teller>()
  readonly #losses = new Map<string, number>()

  /** The broker that is about to be asked: a loss while it answers counts. */
  teller(groupId: string, nodeId: number): Teller {
    return { nodeId, losses: this.#losses.get(groupId) ?? 0 }
  }

  told(groupId: string, partitions: readonly TopicPartition[], teller: Teller): void {
    for (const partition of partitions) this.#tellers.set(placeOf(groupId, partition), teller)
  }

  /** The group's coordinator is not known any more: whoever is found next proves nothing that was told before. */
  lost(groupId: string): void {
    this.#losses.set(groupId, (this.#losses.get(groupId) ?? 0) + 1)
  }

  /** This broker has taken the next offsets of these. Whether all of them that nothing had proved were told by it. */
  proves(groupId: string, partitions: readonly TopicPartition[], nodeId: number): boolean {
    const taker = this.teller(groupId, nodeId)
    let areTold = true
    for (const partition of partitions) {
      const place = placeOf(groupId, partition)
      const teller = this.#tellers.get(place)
      if (teller !== undefined && (teller.nodeId !== taker.nodeId || teller.losses !== taker.losses)) areTold = false
      this.#tellers.delete(place)
    }
    return areTold
  }
}

function placeOf(groupId: string, { topic, partition }: TopicPartition): string {
  return `${groupId} ${topic}/${partition}`
}
