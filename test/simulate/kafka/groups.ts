import type { Controller } from './controller.ts'
import { Group } from './group.ts'
import { GroupOffsets } from './group-offsets.ts'
import type { Participant } from './markers.ts'

/** One group as its coordinator has it. */
export interface Coordinated {
  readonly group: Group
  readonly offsets: GroupOffsets
}

/** Group coordinators. Their state outlives brokers, as the replicated log of offsets does. */
export class Groups {
  readonly #controller: Controller
  readonly #groups = new Map<string, Coordinated>()
  /** What an isolated broker knew of the groups that it coordinated. */
  readonly #frozen = new Map<number, Map<string, Coordinated>>()

  constructor(controller: Controller) {
    this.#controller = controller
  }

  get(id: string): Coordinated | undefined {
    return this.#groups.get(id)
  }

  made(id: string): Coordinated {
    let of = this.#groups.get(id)
    if (of === undefined) {
      of = { group: new Group(this.#controller.world), offsets: new GroupOffsets() }
      this.#groups.set(id, of)
    }
    return of
  }

  /** How the group takes part in a transaction: by the offsets committed in it. */
  participant(id: string): Participant {
    return {
      kind: 'groups',
      key: `group/${id}`,
      pending: (producerId) =>
        [...this.made(id).offsets.pendingOf(producerId)].map(([place, offset]) => {
          const at = place.lastIndexOf('/')
          return { group: id, topic: place.slice(0, at), partition: Number(place.slice(at + 1)), offset }
        }),
      mark: ({ producerId, isCommit }, done) => {
        if (this.#controller.actingCoordinator('group', id) === undefined) return false
        const { world } = this.#controller
        world.after(world.delayMs(), () => {
          this.made(id).offsets.end(producerId, isCommit)
          done(true)
        })
        return true
      },
    }
  }

  /** Another broker coordinates the groups of this partition of the internal topic. */
  moved(index: number): void {
    for (const [id, { group }] of this.#groups) {
      if (this.#controller.coordinatorIndex(id) === index) group.loaded()
    }
  }

  /** Nobody hears members for this long; then their sessions begin anew, as with any new coordinator. */
  silent(ms: number): void {
    for (const { group } of this.#groups.values()) group.loaded(ms)
  }

  freeze(broker: number): void {
    const { coordinators } = this.#controller.viewOf(broker)
    const known = new Map<string, Coordinated>()
    for (const [id, { group, offsets }] of this.#groups) {
      if (coordinators.group[this.#controller.coordinatorIndex(id)] !== broker) continue
      known.set(id, { group: group.frozen(), offsets: offsets.frozen() })
    }
    this.#frozen.set(broker, known)
  }

  knownBy(isolated: number, id: string): Coordinated | undefined {
    return this.#frozen.get(isolated)?.get(id)
  }

  /** Offsets of a topic that is gone go with it. */
  topicDeleted(topic: string): void {
    for (const { offsets } of this.#groups.values()) offsets.forget(topic)
  }
}
