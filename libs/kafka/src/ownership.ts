import { Backoff, pause } from './net/retry.ts'
import type { MemberOptions } from './port.ts'
import type { AssignedTopic } from './protocol/consumer-group-heartbeat.ts'

interface Hooks {
  /** What we own has changed: the broker is to hear of it now. */
  changed(): void
  failed(what: string, error: unknown): void
  readonly signal: AbortSignal
}

type Callbacks = Pick<MemberOptions, 'onAssigned' | 'onRevoked' | 'onLost'>

const nothing: AssignedTopic = { topicId: '', partitions: [] }

/**
 * What a member owns, and how it comes from what the broker wants (KIP-848): first gives up what is to go (the user
 * finishes and commits, only then does the broker hear of it), then takes what is new (the user begins with it, then
 * the broker hears of it). One change at a time; a callback that fails is called again, since going on without it
 * could let two members work on one partition.
 */
export class Ownership {
  readonly #callbacks: Callbacks
  readonly #hooks: Hooks
  #topicId = ''
  /** Partitions the user was given and has not been asked to give up (or not finished doing so). */
  readonly #given = new Set<number>()
  /** Those of them whose onAssigned has resolved: what the broker hears of. */
  readonly #confirmed = new Set<number>()
  #target: AssignedTopic | undefined
  #releasing = false
  /** Grows with every loss: a callback that ends after one has nothing more to say. */
  #era = 0
  #moving: Promise<void> | undefined

  constructor(callbacks: Callbacks, hooks: Hooks) {
    this.#callbacks = callbacks
    this.#hooks = hooks
  }

  confirmed(): number[] {
    return [...this.#confirmed].sort((a, b) => a - b)
  }

  /** For the heartbeat. */
  owned(): AssignedTopic[] {
    return this.#confirmed.size === 0 ? [] : [{ topicId: this.#topicId, partitions: this.confirmed() }]
  }

  /** Compares what is owned now with what was told before. */
  describe(): string {
    return this.#confirmed.size === 0 ? '' : `${this.#topicId}:${this.confirmed().join(',')}`
  }

  /** What the broker wants us to own from now on. */
  target(assignment: readonly AssignedTopic[]): void {
    if (this.#releasing) return
    this.#target = assignment.find((topic) => topic.partitions.length > 0) ?? nothing
    this.#move()
  }

  /**
   * Gives up everything, for leaving; later targets are not followed. Waits no longer than `limitMs`: leaving ends the
   * membership itself, so that what the user still does can't commit.
   */
  async releaseAll(limitMs: number): Promise<void> {
    this.#releasing = true
    this.#target = nothing
    this.#move()
    const limit = new AbortController()
    await Promise.race([this.#moving, pause(limitMs, limit.signal)])
    limit.abort()
  }

  /** Everything is somebody else's already. Resolves when the user knows and no callback runs any more. */
  async lose(): Promise<void> {
    const lost = [...this.#given].sort((a, b) => a - b)
    this.#era++
    this.#given.clear()
    this.#confirmed.clear()
    this.#target = undefined
    if (lost.length > 0) {
      await this.#callbacks.onLost(lost).catch((error: unknown) => this.#hooks.failed('onLost', error))
    }
    await this.#moving
  }

  #move(): void {
    this.#moving ??= this.#follow().finally(() => {
      this.#moving = undefined
    })
  }

  async #follow(): Promise<void> {
    const backoff = new Backoff(50, 1_000)
    while (!this.#hooks.signal.aborted) {
      const target = this.#target
      if (target === undefined) return
      const keeps = target.topicId === this.#topicId ? new Set(target.partitions) : new Set<number>()
      const goes = [...this.#given].filter((p) => !keeps.has(p)).sort((a, b) => a - b)
      const comes = target.partitions.filter((p) => !this.#given.has(p)).sort((a, b) => a - b)
      let moved: boolean
      if (goes.length > 0) moved = await this.#giveUp(goes)
      else if (comes.length > 0) moved = await this.#take(target.topicId, comes)
      else return
      if (moved) backoff.reset()
      else await backoff.wait(this.#hooks.signal)
    }
  }

  async #giveUp(goes: readonly number[]): Promise<boolean> {
    const era = this.#era
    try {
      await this.#callbacks.onRevoked(goes)
    } catch (error) {
      this.#hooks.failed('onRevoked', error)
      return false
    }
    if (era !== this.#era) return true
    for (const partition of goes) {
      this.#given.delete(partition)
      this.#confirmed.delete(partition)
    }
    this.#hooks.changed()
    return true
  }

  async #take(topicId: string, comes: readonly number[]): Promise<boolean> {
    const era = this.#era
    this.#topicId = topicId
    for (const partition of comes) this.#given.add(partition)
    try {
      await this.#callbacks.onAssigned(comes)
    } catch (error) {
      this.#hooks.failed('onAssigned', error)
      if (era === this.#era) for (const partition of comes) this.#given.delete(partition)
      return false
    }
    if (era !== this.#era) return true
    for (const partition of comes) this.#confirmed.add(partition)
    this.#hooks.changed()
    return true
  }
}
