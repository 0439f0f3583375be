import { decodeForget, type ForgetOrder } from '@weir/consent'
import type { Row } from '@weir/consent-view'
import { Unreadable } from './group-loop.ts'

/** An order that waits for its time. */
export interface WaitingOrder {
  readonly offset: number
  /** Monotonic. */
  readonly dueMs: number
  readonly order: ForgetOrder
}

/** One partition of `consent.forget`: orders that are read and not out, in order, and how far the group's offset is. */
export class OrderLane {
  readonly partition: number
  /** The group's offset; -1: none yet. */
  committed: number
  #waiting: WaitingOrder[] = []
  #next: number

  constructor(partition: number, committed: number, position: number) {
    this.partition = partition
    this.committed = committed
    this.#next = position
  }

  get waiting(): readonly WaitingOrder[] {
    return this.#waiting
  }

  /** `dueMs` is asked once for each order. @throws Unreadable */
  take(topic: string, rows: readonly Row[], next: number, dueMs: () => number): void {
    for (const { offset, value } of rows) {
      this.#waiting.push({ offset, dueMs: dueMs(), order: read(topic, this.partition, offset, value) })
    }
    this.#next = Math.max(this.#next, next)
  }

  /** Where the group may stand once these are out as well: never past an order that is not. */
  positionWithout(out: ReadonlySet<WaitingOrder>): number {
    return this.#waiting.find((order) => !out.has(order))?.offset ?? this.#next
  }

  done(out: ReadonlySet<WaitingOrder>): void {
    this.#waiting = this.#waiting.filter((order) => !out.has(order))
  }
}

function read(topic: string, partition: number, offset: number, value: Buffer | null): ForgetOrder {
  try {
    return decodeForget(value ?? Buffer.alloc(0))
  } catch {
    throw new Unreadable(topic, partition, offset)
  }
}
