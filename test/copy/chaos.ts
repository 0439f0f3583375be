import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../workload/random.ts'
import type { Brokers } from './brokers.ts'
import type { Crew } from './crew.ts'
import type { MemberProcess } from './member-process.ts'
import type { Tally } from './tally.ts'

/** A member is frozen for longer than the group's session (6 s) and its transaction's timeout (5 s). */
const FROZEN_MS = 7_500
/** How long a thawed member may take to find out. */
const WAKING_MS = 15_000
const LONGEST_AWAY_MS = 2_500
const MEMBER_FAULTS_PER_BROKER_FAULT = 5
/** Most faults wait for an open transaction, up to this long; the others come when they come. */
const AIMED_PERCENT = 80
const AIM_MS = 3_000
const LOOK_AGAIN_MS = 5

interface Victim {
  readonly slot: number
  readonly member: MemberProcess
}

interface ChaosOptions {
  readonly partitions: number
  readonly records: number
  /** How many hit members. */
  readonly faults: number
  readonly seed: string
}

/**
 * Faults for all of the run, drawn from a seed and spread evenly over the records: members killed, leaving and coming
 * back, frozen past their session and woken beside their successors; brokers killed, one at a time. A member is hit
 * only when it has committed since it began.
 */
export class Chaos {
  readonly #crew: Crew
  readonly #brokers: Brokers
  readonly #tally: Tally
  readonly #options: ChaosOptions
  readonly #stop = new AbortController()
  readonly #waking = new Set<Promise<void>>()
  #frozenSlot: number | undefined

  constructor(crew: Crew, brokers: Brokers, tally: Tally, options: ChaosOptions) {
    this.#crew = crew
    this.#brokers = brokers
    this.#tally = tally
    this.#options = options
  }

  /** Until `stop`; then every broker is back and no member is frozen. */
  async run(): Promise<void> {
    await Promise.all([this.#hitMembers(), this.#hitBrokers()])
    await Promise.all(this.#waking)
  }

  stop(): void {
    this.#stop.abort()
  }

  async #hitMembers(): Promise<void> {
    const { faults, seed } = this.#options
    const random = new Random(`${seed}/members`)
    for (let n = 1; n <= faults; n++) {
      // The first three are one of each kind, so that a short run has all.
      const draw = [0, 50, 99][n - 1] ?? random.below(100)
      const aimed = n <= 3 || random.chance(AIMED_PERCENT)
      const awayMs = random.below(1_000)
      const victim = await this.#victim(n / (faults + 1), random)
      if (victim === undefined) return
      if (aimed) await this.#aim([victim.member])
      if (draw < 45) await this.#kill(victim)
      else if (draw < 75 || this.#frozenSlot !== undefined) await this.#leave(victim, awayMs)
      else this.#freeze(victim)
    }
  }

  /** A member at work, once this share of the records is copied; undefined when asked to stop. */
  async #victim(share: number, random: Random): Promise<Victim | undefined> {
    for (;;) {
      const atWork = this.#crew.members.flatMap((member, slot) =>
        member !== undefined && member.commits > 0 && !member.isGone ? [{ slot, member }] : [],
      )
      if (this.#crew.copied >= share * this.#options.records && atWork.length > 0) return random.pick(atWork)
      if (!(await this.#paused(LOOK_AGAIN_MS))) return undefined
    }
  }

  /** Waits for one of them to have a transaction open. */
  async #aim(members: readonly (MemberProcess | undefined)[]): Promise<void> {
    const untilMs = performance.now() + AIM_MS
    while (!members.some((member) => member?.isOpen()) && performance.now() < untilMs) {
      if (!(await this.#paused(LOOK_AGAIN_MS))) return
    }
  }

  async #kill({ slot, member }: Victim): Promise<void> {
    const since = performance.now()
    const owned = new Set(member.owned)
    await member.kill()
    this.#tally.hit('memberKill', member.isOpen())
    const unhear = this.#crew.onCommit((partitions) => {
      if (!partitions.some((partition) => owned.has(partition))) return
      unhear()
      this.#tally.afterMemberKill.push(performance.now() - since)
    })
    this.#crew.start(slot)
  }

  async #leave({ slot, member }: Victim, awayMs: number): Promise<void> {
    let open = false
    member.on((event) => {
      if (event.kind === 'leaving') open = event.open
    })
    await member.leave()
    this.#tally.hit('leave', open)
    await this.#paused(awayMs)
    this.#crew.start(slot)
  }

  #freeze({ slot, member }: Victim): void {
    member.freeze()
    this.#tally.hit('zombie', member.isOpen())
    this.#frozenSlot = slot
    this.#crew.start(slot)
    const waking = this.#wake(member).finally(() => {
      this.#frozenSlot = undefined
      this.#waking.delete(waking)
    })
    this.#waking.add(waking)
  }

  /** Wakes it beside its successor, waits until it has found out, and ends it. */
  async #wake(member: MemberProcess): Promise<void> {
    await this.#paused(FROZEN_MS)
    const foundOut = Promise.withResolvers<void>()
    const giveUp = setTimeout(() => foundOut.resolve(), WAKING_MS)
    member.on(({ kind }) => {
      if (kind !== 'assigned' && kind !== 'found') foundOut.resolve()
    })
    member.thaw()
    await foundOut.promise
    clearTimeout(giveUp)
    await member.kill()
  }

  async #hitBrokers(): Promise<void> {
    const { faults, seed, records, partitions } = this.#options
    const random = new Random(`${seed}/brokers`)
    const times = Math.ceil(faults / MEMBER_FAULTS_PER_BROKER_FAULT)
    for (let n = 1; n <= times; n++) {
      const broker = random.pick(this.#brokers.nodes)
      const awayMs = random.below(LONGEST_AWAY_MS)
      while (this.#crew.copied < (n / (times + 1)) * records) {
        if (!(await this.#paused(LOOK_AGAIN_MS))) return
      }
      if (n === 1 || random.chance(AIMED_PERCENT)) await this.#aim(this.#crew.members)
      if (this.#stop.signal.aborted) return
      const since = performance.now()
      const open = this.#crew.members.some((member) => member?.isOpen())
      await broker.stop('SIGKILL')
      this.#tally.hit('brokerKill', open)
      const left = new Set(Array.from({ length: partitions }, (_, partition) => partition))
      const unhear = this.#crew.onCommit((partitions) => {
        for (const partition of partitions) left.delete(partition)
        if (left.size > 0) return
        unhear()
        this.#tally.afterBrokerKill.push(performance.now() - since)
      })
      await this.#paused(awayMs)
      await broker.start()
      await this.#brokers.inSync()
    }
  }

  /** False when asked to stop meanwhile. */
  async #paused(ms: number): Promise<boolean> {
    await pause(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    return !this.#stop.signal.aborted
  }
}
