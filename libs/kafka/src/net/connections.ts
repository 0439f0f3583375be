import { Closed, ConnectionLost } from '../errors.ts'
import type { Api } from '../protocol/api.ts'
import type { Address, CallLimits } from './kafkajs-connection.ts'
import { unlessAborted } from './retry.ts'

type OnEvent = (event: { readonly kind: string; readonly message: string }) => void

/** One connection to one broker. Over a socket it is BrokerConnection (kafkajs-connection.ts), which says what holds. */
export interface Connection {
  call<Response>(api: Api<Response>, limits: CallLimits): Promise<Response>
  close(): void
}

/** Opens a connection; `onClosed` is called once, when it is gone. Gives up at once when `signal` aborts. */
export type OpenConnection = (address: Address, onClosed: () => void, signal: AbortSignal) => Promise<Connection>

interface Slot {
  readonly nodeId: number
  readonly lane: string
  readonly opened: Promise<Connection>
  /** Ends connecting. */
  readonly giveUp: AbortController
}

/**
 * Connections by broker and lane. A broker answers the requests of one connection one after the other, so whatever may
 * wait at the broker (a long poll, a produce) has a lane of its own and never stands before a heartbeat or a fence.
 */
export class Connections {
  readonly #openConnection: OpenConnection
  readonly #onEvent: OnEvent
  readonly #addresses = new Map<number, Address>()
  readonly #slots = new Map<string, Slot>()
  readonly #away = new Set<string>()
  readonly #closed = new AbortController()

  /** Bootstrap brokers have the ids -1, -2, … until metadata tells the real ones. */
  constructor(bootstrap: readonly Address[], openConnection: OpenConnection, onEvent: OnEvent) {
    this.#openConnection = openConnection
    this.#onEvent = onEvent
    for (const [i, address] of bootstrap.entries()) this.#addresses.set(-1 - i, address)
  }

  /**
   * Ids to ask for what any broker can answer: known brokers first, beginning with the one whose `turn` it is, then the
   * bootstrap addresses.
   */
  candidates(turn: number): number[] {
    const ids = [...this.#addresses.keys()].sort((a, b) => Math.abs(a) - Math.abs(b))
    const known = ids.filter((id) => id >= 0)
    const first = known.length === 0 ? 0 : turn % known.length
    return [...known.slice(first), ...known.slice(0, first), ...ids.filter((id) => id < 0)]
  }

  /** Where a broker is. When that has changed its connections are closed. */
  place(nodeId: number, address: Address): void {
    const known = this.#addresses.get(nodeId)
    if (known?.host === address.host && known.port === address.port) return
    this.#addresses.set(nodeId, address)
    if (known !== undefined) this.#closeWhere((slot) => slot.nodeId === nodeId)
  }

  /** Forgets brokers that are no longer part of the cluster. */
  keepOnly(nodeIds: ReadonlySet<number>): void {
    for (const nodeId of this.#addresses.keys()) {
      if (nodeId < 0 || nodeIds.has(nodeId)) continue
      this.#addresses.delete(nodeId)
      this.#closeWhere((slot) => slot.nodeId === nodeId)
    }
  }

  /** An open connection. Rejects when it can't be had now; whoever calls decides whether and when to try again. */
  get(nodeId: number, lane: string): Promise<Connection> {
    if (this.#closed.signal.aborted) return Promise.reject(new Closed('The Kafka client'))
    const key = `${nodeId}/${lane}`
    const slot = this.#slots.get(key)
    if (slot !== undefined) return slot.opened
    const address = this.#addresses.get(nodeId)
    if (address === undefined) return Promise.reject(new ConnectionLost(`Broker ${nodeId} is not known`, false))
    // A closed connection frees its slot, unless another one has taken it meanwhile.
    const free = () => {
      if (this.#slots.get(key) === mine) this.#slots.delete(key)
    }
    const giveUp = new AbortController()
    const opening = this.#open(address, free, giveUp.signal)
    const mine: Slot = { nodeId, lane, giveUp, opened: unlessAborted(opening, this.#closed.signal, 'The Kafka client') }
    this.#slots.set(key, mine)
    return mine.opened
  }

  closeLane(lane: string): void {
    this.#closeWhere((slot) => slot.lane === lane)
  }

  /** At once: what is outstanding rejects, also what is still connecting. */
  close(): void {
    this.#closed.abort()
    this.#closeWhere(() => true)
  }

  async #open(address: Address, free: () => void, signal: AbortSignal): Promise<Connection> {
    const where = `${address.host}:${address.port}`
    try {
      const connection = await this.#openConnection(address, free, signal)
      // Nobody waits for it any more.
      if (this.#closed.signal.aborted) connection.close()
      if (this.#away.delete(where)) this.#onEvent({ kind: 'broker-back', message: `Broker ${where} answers again` })
      return connection
    } catch (error) {
      free()
      if (!this.#closed.signal.aborted && !signal.aborted && !this.#away.has(where)) {
        this.#away.add(where)
        const why = error instanceof Error ? error.message : String(error)
        this.#onEvent({ kind: 'broker-away', message: `Broker ${where} can't be reached: ${why}` })
      }
      throw error
    }
  }

  #closeWhere(matches: (slot: Slot) => boolean): void {
    for (const [key, slot] of this.#slots) {
      if (!matches(slot)) continue
      this.#slots.delete(key)
      slot.giveUp.abort()
      slot.opened.then(
        (connection) => connection.close(),
        () => undefined,
      )
    }
  }
}
