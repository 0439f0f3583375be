import { AsyncLocalStorage } from 'node:async_hooks'
import { ConnectionLost, RequestTimedOut, TooLate } from '@weir/kafka'
import type { Connection, OpenConnection } from '@weir/kafka/over-connections'
import { Reader } from '../../../libs/kafka/src/wire/reader.ts'
import { Writer } from '../../../libs/kafka/src/wire/writer.ts'
import type { World } from './options.ts'

type Call = Parameters<Connection['call']>
type Api = Call[0]

/** What becomes of one single message. */
export type Fate = { readonly lose: 'request' | 'answer' } | { readonly delayMs: number }

/** Who answers: the body of a request in, the body of its response out, or never. */
export interface Answering {
  isUp(broker: number): boolean
  answer(broker: number, request: Request, respond: (body: Writer) => void): void
}

export interface Request {
  readonly key: number
  readonly body: Buffer
}

interface Fated {
  readonly key: number
  readonly fate: Fate
  readonly process: string | undefined
}

const NAME = /^kafka-(\d+)$/

/** Where clients find a broker; there is no such host. */
export function hostOf(broker: number): string {
  return `kafka-${broker}`
}

/** Connections between processes and brokers, and what can happen to them. */
export class Network {
  readonly world: World
  readonly #brokers: Answering
  readonly #connections = new Set<ModelConnection>()
  readonly #fated: Fated[] = []

  constructor(world: World, brokers: Answering) {
    this.world = world
    this.#brokers = brokers
  }

  openerFor(process: string): OpenConnection {
    return ({ host }, onClosed, signal) => {
      const broker = Number(NAME.exec(host)?.[1] ?? Number.NaN)
      const refused = () => new ConnectionLost(`No connection to ${host}: refused`, false)
      return new Promise((resolve, reject) => {
        // There and back, on the process's own time.
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', giveUp)
          if (!this.#brokers.isUp(broker)) return reject(refused())
          const connection = new ModelConnection(this, this.#brokers, process, broker, onClosed)
          this.#connections.add(connection)
          resolve(connection)
        }, this.world.delayMs())
        const giveUp = () => {
          clearTimeout(timer)
          reject(refused())
        }
        signal.addEventListener('abort', giveUp, { once: true })
      })
    }
  }

  /** Breaks connections; each side notices in its own time. */
  breakWhere(matches: (connection: { readonly process: string; readonly broker: number }) => boolean): void {
    for (const connection of [...this.#connections]) if (matches(connection)) connection.break()
  }

  forget(connection: ModelConnection): void {
    this.#connections.delete(connection)
  }

  next(key: number, fate: Fate, process: string | undefined): void {
    this.#fated.push({ key, fate, process })
  }

  /** The fate set for this message, once. */
  fateOf(key: number, process: string): Fate | undefined {
    if (this.#fated.length === 0) return undefined
    const at = this.#fated.findIndex((fated) => fated.key === key && (fated.process ?? process) === process)
    return at < 0 ? undefined : this.#fated.splice(at, 1)[0]?.fate
  }
}

interface Waiting {
  readonly settle: (result: Reader | Error) => void
}

/**
 * One connection. Requests and answers arrive in the order sent, and a broker takes the next request only once it has
 * answered the one before. What was sent arrives also when its sender is gone; an answer only at whoever still asks.
 */
class ModelConnection implements Connection {
  readonly process: string
  readonly broker: number
  readonly #network: Network
  readonly #brokers: Answering
  readonly #onClosed: () => void
  /** Runs things on the process's own time: a paused process gets an answer when it goes on, a killed one never. */
  readonly #inProcess = AsyncLocalStorage.snapshot()
  readonly #outstanding = new Set<Waiting>()
  readonly #arrived: (() => void)[] = []
  #isBusy = false
  #isClosed = false
  #isBroken = false
  #lastArrivalMs = 0
  #lastAnswerMs = 0

  constructor(network: Network, brokers: Answering, process: string, broker: number, onClosed: () => void) {
    this.#network = network
    this.#brokers = brokers
    this.process = process
    this.broker = broker
    this.#onClosed = onClosed
  }

  async call<Response>(api: { read(reader: Reader): Response } & Api, limits: Call[1]): Promise<Response> {
    const doing = `${api.name} at ${hostOf(this.broker)}`
    if (this.#isClosed) throw this.#lost(false)
    if (limits.notAfterMs !== undefined && performance.now() > limits.notAfterMs) throw new TooLate(doing)
    const writer = new Writer()
    api.write(writer)
    const body = Buffer.concat(writer.finish())
    const answered = new Promise<Reader>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.settle(new RequestTimedOut(doing, limits.timeoutMs))
        this.close()
      }, limits.timeoutMs)
      const waiting: Waiting = {
        settle: (result) => {
          clearTimeout(timer)
          this.#outstanding.delete(waiting)
          if (result instanceof Error) reject(result)
          else resolve(result)
        },
      }
      this.#outstanding.add(waiting)
      this.#send({ key: api.key, body }, waiting)
    })
    return api.read(await answered)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#network.forget(this)
    for (const waiting of [...this.#outstanding]) waiting.settle(this.#lost(true))
    this.#onClosed()
  }

  /** The network has it no more: what is under way is lost, and the process notices soon. */
  break(): void {
    if (this.#isBroken || this.#isClosed) return
    this.#isBroken = true
    this.#network.forget(this)
    const delayMs = this.#network.world.delayMs()
    this.#inProcess(() => setTimeout(() => this.close(), delayMs))
  }

  #send(request: Request, waiting: Waiting): void {
    const { world } = this.#network
    const fate = this.#network.fateOf(request.key, this.process)
    if (fate !== undefined && 'lose' in fate && fate.lose === 'request') return
    const now = performance.now()
    const delayMs = fate !== undefined && 'delayMs' in fate ? fate.delayMs : world.delayMs()
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, now + delayMs)
    const isAnswerLost = fate !== undefined && 'lose' in fate
    world.after(this.#lastArrivalMs - now, () => {
      if (this.#isBroken || !this.#brokers.isUp(this.broker)) return
      this.#arrived.push(() =>
        this.#brokers.answer(this.broker, request, (body) => {
          if (!isAnswerLost) this.#answer(body, waiting)
          this.#isBusy = false
          this.#serve()
        }),
      )
      this.#serve()
    })
  }

  #serve(): void {
    if (this.#isBusy) return
    const next = this.#arrived.shift()
    if (next === undefined) return
    this.#isBusy = true
    next()
  }

  #answer(body: Writer, waiting: Waiting): void {
    if (this.#isBroken || this.#isClosed || !this.#brokers.isUp(this.broker)) return
    const now = performance.now()
    this.#lastAnswerMs = Math.max(this.#lastAnswerMs, now + this.#network.world.delayMs())
    const bytes = Buffer.concat(body.finish())
    this.#inProcess(() =>
      setTimeout(() => {
        if (!this.#isBroken && this.#outstanding.has(waiting)) waiting.settle(new Reader(bytes))
      }, this.#lastAnswerMs - now),
    )
  }

  #lost(maybeSent: boolean): ConnectionLost {
    return new ConnectionLost(`No connection to ${hostOf(this.broker)}: it is gone`, maybeSent)
  }
}
