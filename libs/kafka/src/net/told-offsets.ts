import type { TopicPartition } from '../port.ts'

/**
 * Which broker has told the committed offsets that a reader starts from. A group's coordinator that has lost touch with
 * the other brokers goes on answering from memory, heartbeats and offsets too, and so tells offsets that were passed long
 * ago. It can't take any, since that is a write: so those it told are proved once it has taken the next ones.
 */
export class ToldOffsets {
  readonly #tellers = new Map<string, number>()

  told(groupId: string, partitions: readonly TopicPartition[], nodeId: number): void {
    for (const partition of partitions) this.#tellers.set(placeOf(groupId, partition), nodeId)
  }

  /** This broker has taken the next offsets of these. Whether all of them that nothing had proved were told by it. */
  proves(groupId: string, partitions: readonly TopicPartition[], nodeId: number): boolean {
    let areTold = true
    for (const partition of partitions) {
      const place = placeOf(groupId, partition)
      const teller = this.#tellers.get(place)
      if (teller !== undefined && teller !== nodeId) areTold = false
      this.#tellers.delete(place)
    }
    return areTold
  }
}

function placeOf(groupId: string, { topic, partition }: TopicPartition): string {
  return `${groupId} ${topic}/${partition}`
}
