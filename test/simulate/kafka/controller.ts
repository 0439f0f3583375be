import type { World } from './options.ts'
import { type LedLog, Partition } from './partition.ts'
import { Replication } from './replication.ts'

const REPLICATION_FACTOR = 3
/** Partitions of each internal topic; groups and transactional ids are spread over them. */
const COORDINATORS = 4

export interface Topic {
  readonly name: string
  /** 32 hex digits. */
  readonly id: string
  readonly partitions: readonly Partition[]
  readonly config: Record<string, string>
}

/** What Metadata tells of the cluster. */
export interface View {
  readonly brokers: readonly number[]
  readonly topics: ReadonlyMap<string, ViewedTopic>
  /** Who coordinates, by partition of the internal topic; -1: nobody. */
  readonly coordinators: Readonly<Record<CoordinatorKind, readonly number[]>>
}

export interface ViewedTopic {
  readonly id: string
  readonly partitions: readonly {
    readonly leader: number
    readonly epoch: number
    readonly replicas: readonly number[]
  }[]
}

export type CoordinatorKind = 'group' | 'transaction'

interface Broker {
  readonly id: number
  isUp: boolean
  /** What it knew when it lost touch with the other brokers; it goes on answering by that. */
  frozen: { readonly view: View; readonly logs: ReadonlyMap<Partition, LedLog> } | undefined
  /** The controller counts on it: it is in Metadata and may lead. */
  isRegistered: boolean
  /** Grows with each coming and going, so that what was planned for the last one is dropped. */
  turn: number
}

/**
 * Which brokers there are, who leads what, and elections (KRaft's controller, by what brokers and clients see of it). A
 * broker that is killed or isolated is missed after `replicaLagMs`; then another in-sync replica leads in its place.
 */
export class Controller {
  readonly world: World
  readonly topics = new Map<string, Topic>()
  readonly #brokers: Broker[]
  readonly #replication: Replication
  readonly #coordinators: Readonly<Record<CoordinatorKind, readonly Partition[]>>
  readonly #loadingUntilMs = new Map<Partition, number>()
  readonly #onMoved: (kind: CoordinatorKind, index: number) => void
  #awayUntilMs = 0
  #made = 0
  #view: View | undefined

  constructor(world: World, onCoordinatorMoved: (kind: CoordinatorKind, index: number) => void) {
    this.world = world
    this.#onMoved = onCoordinatorMoved
    this.#brokers = Array.from({ length: world.brokers }, (_, id) => ({
      id,
      isUp: true,
      frozen: undefined,
      isRegistered: true,
      turn: 0,
    }))
    this.#replication = new Replication(world, (id) => this.isConnected(id))
    const internal = (name: string) => Array.from({ length: COORDINATORS }, (_, i) => this.#partition(name, i, 0))
    this.#coordinators = { group: internal('__consumer_offsets'), transaction: internal('__transaction_state') }
  }

  get ids(): readonly number[] {
    return this.#brokers.map(({ id }) => id)
  }

  isUp(id: number): boolean {
    return this.#broker(id).isUp
  }

  isIsolated(id: number): boolean {
    return this.#broker(id).frozen !== undefined
  }

  /** Up and in touch with the other brokers. */
  isConnected(id: number): boolean {
    const { isUp, frozen } = this.#broker(id)
    return isUp && frozen === undefined
  }

  /** What a broker knows: everything, or what it knew when it lost touch. */
  viewOf(id: number): View {
    return this.#broker(id).frozen?.view ?? this.#current()
  }

  /** The partition as its leader `id` has it; undefined: it does not lead it, as far as it knows. */
  led(id: number, partition: Partition): LedLog | undefined {
    const { frozen } = this.#broker(id)
    if (frozen !== undefined) return frozen.logs.get(partition)
    return partition.leader === id ? partition.led : undefined
  }

  // Topics.

  createTopic(name: string, partitions: number, config: Readonly<Record<string, string>>): void {
    if (this.topics.has(name)) throw new Error(`Topic ${name} exists`)
    const id = (++this.#made).toString(16).padStart(32, '0')
    const made = Array.from({ length: partitions }, (_, i) => this.#partition(name, i, 0))
    this.topics.set(name, { name, id, partitions: made, config: { ...config } })
    this.#changed()
  }

  deleteTopic(name: string): boolean {
    const topic = this.topics.get(name)
    if (topic === undefined) return false
    this.topics.delete(name)
    this.#changed()
    for (const partition of topic.partitions) partition.end()
    return true
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.topics.get(topic)?.partitions[index]
  }

  /** Something was appended: followers fetch it. */
  appended(partition: Partition): void {
    this.#replication.wanted(partition)
  }

  // Coordinators.

  /** Which partition of the internal topic a group or transactional id belongs to. */
  coordinatorIndex(key: string): number {
    let hash = 0
    for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0
    return Math.abs(hash) % COORDINATORS
  }

  /** The broker that can act as coordinator now; undefined: none. */
  actingCoordinator(kind: CoordinatorKind, key: string): number | undefined {
    const partition = this.#coordinators[kind][this.coordinatorIndex(key)]
    if (partition === undefined || partition.leader < 0 || this.areCoordinatorsAway) return undefined
    if (!this.isConnected(partition.leader)) return undefined
    return this.isLoading(kind, key) ? undefined : partition.leader
  }

  isLoading(kind: CoordinatorKind, key: string): boolean {
    const partition = this.#coordinators[kind][this.coordinatorIndex(key)]
    return partition !== undefined && (this.#loadingUntilMs.get(partition) ?? 0) > Date.now()
  }

  get areCoordinatorsAway(): boolean {
    return this.#awayUntilMs > Date.now()
  }

  coordinatorsAway(ms: number): void {
    this.#awayUntilMs = Date.now() + ms
  }

  // Faults.

  kill(id: number): void {
    const broker = this.#broker(id)
    if (!broker.isUp) return
    broker.isUp = false
    broker.frozen = undefined
    this.#missed(broker)
  }

  start(id: number): void {
    const broker = this.#broker(id)
    if (broker.isUp) return
    // It registers anew, which ends what the controller knew of the last one.
    if (broker.isRegistered) this.#fence(broker)
    broker.isUp = true
    this.#register(broker)
  }

  isolate(id: number): void {
    const broker = this.#broker(id)
    if (!broker.isUp || broker.frozen !== undefined) return
    const logs = new Map<Partition, LedLog>()
    for (const { partitions } of this.topics.values()) {
      for (const partition of partitions) {
        if (partition.leader === id) logs.set(partition, { ...partition.led, log: partition.log.frozen() })
      }
    }
    broker.frozen = { view: this.#current(), logs }
    this.#missed(broker)
  }

  rejoin(id: number): void {
    const broker = this.#broker(id)
    if (broker.frozen === undefined) return
    broker.frozen = undefined
    if (broker.isRegistered) {
      broker.turn++
      for (const partition of this.#all()) if (partition.leader === id) partition.leaderIs('heard')
      this.#replication.wantedOf(this.#all(), id)
    } else {
      this.#register(broker)
    }
  }

  #missed(broker: Broker): void {
    const turn = ++broker.turn
    for (const partition of this.#all()) if (partition.leader === broker.id) partition.leaderIs('silent')
    this.world.after(this.world.settings.replicaLagMs, () => {
      if (broker.turn === turn && broker.isRegistered) this.#fence(broker)
    })
  }

  #register(broker: Broker): void {
    const turn = ++broker.turn
    this.world.after(this.world.delayMs(), () => {
      if (broker.turn !== turn) return
      broker.isRegistered = true
      const canLead = (id: number) => this.#canLead(id)
      this.#moving(() => {
        for (const partition of this.#all()) if (partition.leader < 0) partition.elect(canLead)
      })
      this.#replication.wantedOf(this.#all(), broker.id)
    })
  }

  #fence(broker: Broker): void {
    broker.isRegistered = false
    const canLead = (id: number) => this.#canLead(id)
    this.#moving(() => {
      for (const partition of this.#all()) partition.fence(broker.id, canLead)
    })
  }

  /** What is to be done when leaders have moved. */
  #moving(move: () => void): void {
    const before = new Map(this.#all().map((partition) => [partition, partition.leader]))
    move()
    this.#changed()
    const moved = this.#all().filter((partition) => partition.leader !== before.get(partition))
    for (const partition of moved) this.#replication.wanted(partition)
    for (const kind of ['group', 'transaction'] as const) {
      for (const [index, partition] of this.#coordinators[kind].entries()) {
        if (!moved.includes(partition)) continue
        this.#loadingUntilMs.set(partition, Date.now() + this.world.delayMs())
        this.#onMoved(kind, index)
      }
    }
  }

  #canLead(id: number): boolean {
    return this.#broker(id).isRegistered && this.isConnected(id)
  }

  #all(): Partition[] {
    const { group, transaction } = this.#coordinators
    return [...group, ...transaction, ...[...this.topics.values()].flatMap((topic) => topic.partitions)]
  }

  #partition(topic: string, index: number, epoch: number): Partition {
    const { brokers } = this.world
    const replicas = Array.from({ length: Math.min(REPLICATION_FACTOR, brokers) }, (_, i) => (index + i) % brokers)
    const partition = new Partition(topic, index, replicas, epoch)
    for (const id of replicas) if (!this.#canLead(id)) partition.fence(id, (other) => this.#canLead(other))
    return partition
  }

  #changed(): void {
    this.#view = undefined
  }

  #current(): View {
    if (this.#view !== undefined) return this.#view
    const topics = new Map<string, ViewedTopic>()
    for (const { name, id, partitions } of this.topics.values()) {
      topics.set(name, {
        id,
        partitions: partitions.map(({ leader, epoch, replicas }) => ({ leader, epoch, replicas })),
      })
    }
    const leaders = (of: readonly Partition[]) => of.map(({ leader }) => leader)
    const { group, transaction } = this.#coordinators
    this.#view = {
      brokers: this.#brokers.filter(({ isRegistered }) => isRegistered).map(({ id }) => id),
      topics,
      coordinators: { group: leaders(group), transaction: leaders(transaction) },
    }
    return this.#view
  }

  #broker(id: number): Broker {
    const broker = this.#brokers[id]
    if (broker === undefined) throw new Error(`There is no broker ${id}`)
    return broker
  }
}
