import type { View } from './controller.ts'
import { Code } from './errors.ts'
import type { World } from './options.ts'

export interface AssignedTopic {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export interface Heartbeat {
  readonly memberId: string
  readonly memberEpoch: number
  /** -1: unchanged. */
  readonly rebalanceTimeoutMs: number
  /** null: unchanged. */
  readonly topics: readonly string[] | null
  readonly owned: readonly AssignedTopic[] | null
}

export interface HeartbeatAnswer {
  readonly code: number
  readonly memberEpoch: number
  /** null: not told, unchanged. */
  readonly assignment: readonly AssignedTopic[] | null
}

interface Member {
  readonly id: string
  epoch: number
  previousEpoch: number
  rebalanceTimeoutMs: number
  topics: readonly string[]
  state: 'stable' | 'unrevoked' | 'unreleased'
  /** Partitions as "topicId/partition". */
  assigned: ReadonlySet<string>
  toRevoke: ReadonlySet<string>
  target: ReadonlySet<string>
  /** When (performance.now) it was last heard. */
  heardMs: number
  /** Grows with each revocation asked for, so that the time for one does not end another. */
  revocation: number
}

const nothing: ReadonlySet<string> = new Set()
const refused = (code: number): HeartbeatAnswer => ({ code, memberEpoch: 0, assignment: null })

/**
 * A consumer group of the new protocol (KIP-848; GroupMetadataManager, CurrentAssignmentBuilder, UniformAssignor):
 * partitions go from one member to another only once the one has said that it no longer owns them, or is gone.
 */
export class Group {
  readonly #world: World
  readonly #members = new Map<string, Member>()
  #epoch = 0
  #targetEpoch = 0
  /** What the target was made for: ids and partition counts of the topics. */
  #metadata = ''

  constructor(world: World) {
    this.#world = world
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  heartbeat(beat: Heartbeat, view: View): HeartbeatAnswer {
    if (beat.memberEpoch === -1) return this.#leave(beat.memberId, view)
    let member = this.#members.get(beat.memberId)
    if (member === undefined) {
      if (beat.memberEpoch !== 0) return refused(Code.UNKNOWN_MEMBER_ID)
      member = this.#join(beat.memberId)
    }
    if (isFenced(member, beat)) return refused(Code.FENCED_MEMBER_EPOCH)
    member.heardMs = performance.now()
    if (beat.rebalanceTimeoutMs !== -1) member.rebalanceTimeoutMs = beat.rebalanceTimeoutMs
    const isNew = beat.topics !== null && beat.topics.join() !== member.topics.join()
    if (beat.topics !== null) member.topics = beat.topics
    this.#retarget(view, isNew)
    const before = member.assigned
    this.#reconcile(member, beat.owned === null ? null : new Set(beat.owned.flatMap(places)))
    const saysAll = beat.rebalanceTimeoutMs !== -1 && beat.topics !== null && beat.owned !== null
    const tells = beat.memberEpoch === 0 || saysAll || !isSame(before, member.assigned)
    return { code: Code.NONE, memberEpoch: member.epoch, assignment: tells ? assignmentOf(member) : null }
  }

  /** Whether this heartbeat asks for no change: what a coordinator that can write nothing still answers. */
  answerUnchanged(beat: Heartbeat): HeartbeatAnswer | undefined {
    const member = this.#members.get(beat.memberId)
    if (member === undefined) return beat.memberEpoch > 0 ? refused(Code.UNKNOWN_MEMBER_ID) : undefined
    if (beat.memberEpoch <= 0) return undefined
    if (isFenced(member, beat)) return refused(Code.FENCED_MEMBER_EPOCH)
    if (member.state !== 'stable' || member.epoch !== this.#targetEpoch) return undefined
    return { code: Code.NONE, memberEpoch: member.epoch, assignment: null }
  }

  /** The code that an offset commit in a transaction is refused with (ConsumerGroup.validateOffsetCommit). */
  checkCommit(memberId: string, generation: number): number {
    // Taken although the group has members: none of the fields need be set.
    if (generation === -1 && memberId === '') return Code.NONE
    const member = this.#members.get(memberId)
    if (member === undefined) return generation < 0 && this.isEmpty ? Code.NONE : Code.UNKNOWN_MEMBER_ID
    return member.epoch === generation ? Code.NONE : Code.ILLEGAL_GENERATION
  }

  /** A new coordinator, from `inMs` on: each member's session begins anew then. */
  loaded(inMs = 0): void {
    for (const member of this.#members.values()) {
      member.heardMs = performance.now() + inMs
      if (member.state === 'unrevoked') this.#awaitRevocation(member)
    }
  }

  /** As a coordinator knows it that hears of nothing more. */
  frozen(): Group {
    const copy = new Group(this.#world)
    copy.#epoch = this.#epoch
    copy.#targetEpoch = this.#targetEpoch
    copy.#metadata = this.#metadata
    for (const [id, member] of this.#members) copy.#members.set(id, { ...member })
    return copy
  }

  #join(id: string): Member {
    const member: Member = {
      id,
      epoch: 0,
      previousEpoch: 0,
      rebalanceTimeoutMs: 300_000,
      topics: [],
      state: 'stable',
      assigned: nothing,
      toRevoke: nothing,
      target: nothing,
      heardMs: performance.now(),
      revocation: 0,
    }
    this.#members.set(id, member)
    this.#awaitSilence(member)
    return member
  }

  #leave(id: string, view: View): HeartbeatAnswer {
    if (!this.#members.has(id)) return refused(Code.UNKNOWN_MEMBER_ID)
    this.#remove(id)
    this.#retarget(view, true)
    return { code: Code.NONE, memberEpoch: -1, assignment: null }
  }

  /** Its partitions are free; the others get them with their next heartbeats. */
  #remove(id: string): void {
    this.#members.delete(id)
    this.#metadata = ''
  }

  #awaitSilence(member: Member): void {
    const { groupSessionMs } = this.#world.settings
    const look = (): void => {
      if (this.#members.get(member.id) !== member) return
      const leftMs = member.heardMs + groupSessionMs - performance.now()
      if (leftMs > 0) this.#world.after(leftMs, look)
      else this.#remove(member.id)
    }
    this.#world.after(groupSessionMs, look)
  }

  #awaitRevocation(member: Member): void {
    const revocation = ++member.revocation
    this.#world.after(member.rebalanceTimeoutMs, () => {
      if (this.#members.get(member.id) !== member) return
      if (member.state === 'unrevoked' && member.revocation === revocation) this.#remove(member.id)
    })
  }

  /** A new group epoch and who is to have what, when members or topics have changed. */
  #retarget(view: View, isChanged: boolean): void {
    const topics = new Set([...this.#members.values()].flatMap((member) => member.topics))
    const known: string[] = []
    for (const name of topics) {
      const topic = view.topics.get(name)
      if (topic !== undefined) known.push(`${name}=${topic.id}:${topic.partitions.length}`)
    }
    const metadata = `${[...this.#members.keys()].join()} ${known.join()}`
    if (!isChanged && metadata === this.#metadata) return
    this.#metadata = metadata
    this.#epoch++
    this.#targetEpoch = this.#epoch
    for (const name of topics) this.#assign(name, view, topics.size > 1)
  }

  /** As even as can be, and everybody keeps what the last target gave. One topic: what the model's users have. */
  #assign(name: string, view: View, isOneOfSeveral: boolean): void {
    if (isOneOfSeveral) throw new Error('The model assigns one topic a group')
    const topic = view.topics.get(name)
    const members = [...this.#members.values()].filter((member) => member.topics.includes(name))
    const all = topic === undefined ? [] : topic.partitions.map((_, partition) => `${topic.id}/${partition}`)
    const free = new Set(all)
    const fewest = Math.floor(all.length / members.length)
    let extra = all.length % members.length
    const targets = members.map((member) => {
      const kept: string[] = []
      for (const place of all) {
        if (!member.target.has(place)) continue
        if (kept.length >= fewest) {
          if (kept.length > fewest || extra === 0) break
          extra--
        }
        kept.push(place)
        free.delete(place)
      }
      return kept
    })
    const rest = [...free]
    for (const target of targets) {
      while (target.length < fewest) target.push(rest.shift() as string)
    }
    for (const target of targets) {
      if (rest.length > 0 && target.length === fewest) target.push(rest.shift() as string)
    }
    for (const [i, member] of members.entries()) member.target = new Set(targets[i])
  }

  #reconcile(member: Member, owned: ReadonlySet<string> | null): void {
    const ownsAny = (places: ReadonlySet<string>) => owned === null || [...places].some((place) => owned.has(place))
    if (member.state === 'stable' && member.epoch === this.#targetEpoch) return
    if (member.state === 'unrevoked' && ownsAny(member.toRevoke)) return
    const keeps = new Set([...member.assigned].filter((place) => member.target.has(place)))
    const goes = new Set([...member.assigned].filter((place) => !member.target.has(place)))
    if (goes.size > 0 && ownsAny(goes)) {
      Object.assign(member, { state: 'unrevoked', assigned: keeps, toRevoke: goes })
      this.#awaitRevocation(member)
      return
    }
    let isShort = false
    for (const place of member.target) {
      if (keeps.has(place)) continue
      if (this.#isHeld(place, member)) isShort = true
      else keeps.add(place)
    }
    if (member.epoch !== this.#targetEpoch) member.previousEpoch = member.epoch
    Object.assign(member, {
      state: isShort ? 'unreleased' : 'stable',
      epoch: this.#targetEpoch,
      assigned: keeps,
      toRevoke: nothing,
    })
  }

  #isHeld(place: string, by: Member): boolean {
    for (const member of this.#members.values()) {
      if (member !== by && (member.assigned.has(place) || member.toRevoke.has(place))) return true
    }
    return false
  }
}

function isFenced(member: Member, { memberEpoch, owned }: Heartbeat): boolean {
  if (memberEpoch === member.epoch) return false
  if (memberEpoch > member.epoch || memberEpoch !== member.previousEpoch || owned === null) return true
  // One whose last answer was lost comes again with the epoch before.
  return !owned.flatMap(places).every((place) => member.assigned.has(place))
}

function places({ topicId, partitions }: AssignedTopic): string[] {
  return partitions.map((partition) => `${topicId}/${partition}`)
}

function assignmentOf(member: Member): AssignedTopic[] {
  const topics = new Map<string, number[]>()
  for (const place of member.assigned) {
    const [topicId = '', partition = ''] = place.split('/')
    const partitions = topics.get(topicId)
    if (partitions === undefined) topics.set(topicId, [Number(partition)])
    else partitions.push(Number(partition))
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions: partitions.sort((a, b) => a - b) }))
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((place) => b.has(place))
}
