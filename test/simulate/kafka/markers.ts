import type { Controller } from './controller.ts'

/** Where markers go: brokers have one queue of them for each other broker, so one may lag behind another. */
export type MarkedKind = 'topics' | 'groups'

/** A partition of a topic or a group that takes part in a transaction. */
export interface Participant {
  readonly kind: MarkedKind
  readonly key: string
  /** Offsets that the producer's open transaction would commit there. */
  readonly pending?: (producerId: number) => readonly PendingOffset[]
  /** Writes the marker: false when its leader can't be reached now. `done` says whether all in-sync replicas have it. */
  readonly mark: (ended: EndedTransaction, done: (replicated: boolean) => void) => boolean
}

export interface PendingOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface EndedTransaction {
  readonly producerId: number
  /** Of the marker: the one after the transaction's (KIP-890). */
  readonly epoch: number
  readonly isCommit: boolean
  readonly decidedAtMs: number
}

const RETRY_MS = 20

/** Markers reach each partition in their own time, and are sent again until they are there (TransactionMarkerChannelManager). */
export class Markers {
  readonly #controller: Controller
  readonly #pausedUntilMs = { topics: 0, groups: 0 }

  constructor(controller: Controller) {
    this.#controller = controller
  }

  pause(ms: number, kinds: readonly MarkedKind[]): void {
    for (const kind of kinds) this.#pausedUntilMs[kind] = Date.now() + ms
  }

  /** `isAway`: nobody is there to send them. */
  write(
    ended: EndedTransaction,
    participants: readonly Participant[],
    isAway: () => boolean,
    allWritten: () => void,
  ): void {
    let missing = participants.length
    if (missing === 0) return allWritten()
    for (const participant of participants) {
      this.#send(ended, participant, isAway, () => {
        if (--missing === 0) allWritten()
      })
    }
  }

  #send(ended: EndedTransaction, participant: Participant, isAway: () => boolean, written: () => void): void {
    const { world } = this.#controller
    const again = () => world.after(RETRY_MS, () => this.#send(ended, participant, isAway, written))
    const send = () => {
      const pausedMs = this.#pausedUntilMs[participant.kind] - Date.now()
      if (pausedMs > 0) world.after(pausedMs + world.delayMs(), send)
      else if (isAway()) again()
      else if (!participant.mark(ended, (replicated) => (replicated ? written() : again()))) again()
    }
    world.after(world.delayMs(), send)
  }
}
