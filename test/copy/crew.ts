import { join } from 'node:path'
import { type MemberEvent, MemberProcess } from './member-process.ts'
import type { Tally } from './tally.ts'

export interface CrewOptions {
  readonly brokers: string
  readonly groupId: string
  readonly from: string
  readonly to: string
  readonly recordsPerTransaction: number
  readonly pauseMs: number
  readonly seed: string
  /** Where members keep what must outlive them. */
  readonly folder: string
  /** Next offset after the last record of each partition. */
  readonly ends: ReadonlyMap<number, number>
}

/** The members of the copy, one process a slot, and how far they have come together. */
export class Crew {
  /** Resolves when every partition is surely committed to its end. Rejects when a member ended by itself. */
  readonly done: Promise<void>
  readonly members: (MemberProcess | undefined)[] = []
  readonly #options: CrewOptions
  readonly #tally: Tally
  readonly #committed = new Map<number, number>()
  readonly #all = new Set<MemberProcess>()
  readonly #onCommit = new Set<(partitions: readonly number[]) => void>()
  readonly #finished = Promise.withResolvers<void>()
  #started = 0

  constructor(options: CrewOptions, tally: Tally) {
    this.#options = options
    this.#tally = tally
    this.done = this.#finished.promise
    this.done.catch(() => undefined)
  }

  /** Records that are surely copied. */
  get copied(): number {
    let sum = 0
    for (const next of this.#committed.values()) sum += next
    return sum
  }

  start(slot: number): MemberProcess {
    const { brokers, groupId, from, to, recordsPerTransaction, pauseMs, seed, folder } = this.#options
    const n = ++this.#started
    const member = new MemberProcess({
      brokers,
      job: { groupId, from, to, slot: `${groupId}.${slot}`, recordsPerTransaction },
      phaseFile: join(folder, `phase-${n}`),
      pauseMs,
      seed: `${seed}/member ${n}`,
    })
    this.members[slot] = member
    this.#all.add(member)
    member.on((event) => this.#hear(member, event))
    member.ended.then(
      () => this.#all.delete(member),
      (error: unknown) => this.#finished.reject(error),
    )
    return member
  }

  /** Calls `hear` with the partitions of each commit until the returned function is called. */
  onCommit(hear: (partitions: readonly number[]) => void): () => void {
    this.#onCommit.add(hear)
    return () => this.#onCommit.delete(hear)
  }

  /** Lets all members leave, and ends those that are left over. */
  async leave(): Promise<void> {
    await Promise.all([...this.#all].map((member) => (member.frozen ? member.kill() : member.leave())))
  }

  async kill(): Promise<void> {
    await Promise.allSettled([...this.#all].map((member) => member.kill()))
  }

  #hear(member: MemberProcess, event: MemberEvent): void {
    switch (event.kind) {
      case 'committed':
      case 'found':
        for (const [partition, next] of event.positions) {
          this.#committed.set(partition, Math.max(next, this.#committed.get(partition) ?? 0))
        }
        if (event.kind === 'committed') {
          this.#tally.outcomes.committed++
          for (const hear of this.#onCommit) hear(event.positions.map(([partition]) => partition))
        }
        if ([...this.#options.ends].every(([partition, end]) => (this.#committed.get(partition) ?? 0) >= end)) {
          this.#finished.resolve()
        }
        return
      case 'aborted':
      case 'fenced':
      case 'unknown':
        this.#tally.outcomes[event.kind]++
        return
      case 'revoked':
        // What a leaving member gives back was not taken from it.
        if (!member.leaving) this.#tally.hit('revocation', event.open)
        return
      case 'leaving':
      case 'assigned':
      case 'lost':
    }
  }
}
