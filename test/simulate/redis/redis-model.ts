import { AsyncLocalStorage } from 'node:async_hooks'
import type { Redis } from 'ioredis'
import type { RedisFault } from '../schedule/steps.ts'
import { type Hash, Master } from './master.ts'

export interface RedisModelOptions {
  /** Whole numbers in [0, below). */
  readonly random: { below(below: number): number }
  /** The world's time in ms, for what a failover takes back. */
  readonly now: () => number
  /** How long one message takes. */
  readonly delayMs: () => number
  /** The loader's scripts: told apart by their text, and done by their meaning. */
  readonly scripts: { readonly apply: string; readonly begin: string }
}

/** commandTimeout of the clients that `openRedis` of @weir/consent-view makes. */
const COMMAND_TIMEOUT_MS = 500
/** A replica that takes over lacks at least this much, and at most that much more. */
const BEHIND_MS = 20
const BEHIND_MORE_MS = 1_500

type Argument = string | Buffer
/** What a command does at the server that it reaches. */
type Command<T> = (master: Master) => T

/**
 * A model of Redis for the calls that the consent cache's reader and writer make. The server's timers belong to the
 * async context of the constructor's call, an answer comes by a timer of whoever asked: so a paused process gets it when
 * it resumes, and a command of a killed one is carried out all the same.
 */
export class RedisModel {
  readonly #options: RedisModelOptions
  readonly #inServer = AsyncLocalStorage.snapshot()
  #master = new Master()
  /** While there are two masters: the one of before, and who still talks to it. */
  #old: { readonly master: Master; readonly clients: ReadonlySet<Client> } | undefined
  #dump: ReadonlyMap<string, Hash> = new Map()
  readonly #clients = new Set<Client>()
  #isDown = false

  constructor(options: RedisModelOptions) {
    this.#options = options
  }

  fault(fault: RedisFault['fault']): void {
    const { random, now } = this.#options
    const { keys } = this.#master
    switch (fault) {
      case 'flush':
        for (const key of keys) this.#master.put(now(), key, undefined)
        return
      case 'save':
        this.#dump = this.#master.dump()
        return
      case 'oldDump':
        this.#master = new Master(this.#dump)
        return
      case 'down':
      case 'up':
        this.#isDown = fault === 'down'
        return
      case 'failover':
        return this.#master.goBack(now() - BEHIND_MS - random.below(BEHIND_MORE_MS))
      case 'split':
        return this.#split()
      case 'join':
        this.#old = undefined
        return
      case 'evict': {
        const key = keys[random.below(Math.max(1, keys.length))]
        if (key !== undefined) this.#master.put(now(), key, undefined)
      }
    }
  }

  /** Some of those who are connected stay with the old master, whose writes the new one never gets. */
  #split(): void {
    if (this.#old !== undefined) return
    const clients = new Set([...this.#clients].filter(() => this.#options.random.below(3) > 0))
    this.#old = { master: new Master(this.#master.dump()), clients }
  }

  /** Has the calls that Weir makes of ioredis, and no others. */
  client(): Redis {
    const client = new Client(this, this.#options)
    this.#clients.add(client)
    return Object.assign(Object.create(null), {
      hmgetBuffer: (key: string, ...fields: Argument[]) => client.ask((master) => valuesOf(master.get(key), fields)),
      hmget: (key: string, ...fields: Argument[]) =>
        client.ask((master) => valuesOf(master.get(key), fields).map((value) => value?.toString('latin1') ?? null)),
      eval: (script: string, _keys: number, key: string, ...args: Argument[]) =>
        client.ask((master) => this.#script(master, script, key, args)),
      info: () => client.ask(() => 'maxmemory_policy:noeviction\r\n'),
      on: () => undefined,
      disconnect: () => {
        client.close()
        this.#clients.delete(client)
      },
    })
  }

  /** Carries a command out where the client's connection ends; undefined: nobody is there. */
  serve<T>(client: Client, command: Command<T>): { readonly done: T } | undefined {
    if (this.#isDown) return undefined
    const { master } = this.#old?.clients.has(client) === true ? this.#old : { master: this.#master }
    return { done: command(master) }
  }

  get isDown(): boolean {
    return this.#isDown
  }

  inServer(task: () => void): void {
    this.#inServer(task)
  }

  #script(master: Master, script: string, key: string, args: readonly Argument[]): number {
    const { apply, begin } = this.#options.scripts
    const hash = master.get(key)
    const [watermark, topicId] = valuesOf(hash, ['w', 't']).map((value) => value?.toString('latin1'))
    const [seen = '', seenTopic = '', ...rest] = args.map((arg) => arg.toString('latin1'))
    const put = (next: Hash) => {
      master.put(this.#options.now(), key, next)
      return 1
    }
    if (script === begin) {
      if ((watermark ?? '') !== seen || (topicId ?? '') !== seenTopic) return 0
      return put(new Map(['w', 't'].map((field, i) => [field, Buffer.from(rest[i] ?? '', 'latin1')])))
    }
    if (script !== apply) throw new Error('the model knows no such script')
    if (watermark !== seen || topicId !== seenTopic) return 0
    const next = new Map(hash)
    const [to = '', ...states] = rest
    for (let i = 0; i < states.length; i += 2) next.set(states[i] ?? '', Buffer.from(states[i + 1] ?? '', 'latin1'))
    return put(next.set('w', Buffer.from(to, 'latin1')))
  }
}

/** One connection, which fails at once while Redis is away and sends nothing again. */
class Client {
  readonly #model: RedisModel
  readonly #delayMs: () => number
  #isClosed = false

  constructor(model: RedisModel, { delayMs }: RedisModelOptions) {
    this.#model = model
    this.#delayMs = delayMs
  }

  ask<T>(command: Command<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('Command timed out')), COMMAND_TIMEOUT_MS)
      const end = (ending: () => void) => {
        clearTimeout(late)
        ending()
      }
      const lost = () => end(() => reject(new Error('Connection is closed.')))
      if (this.#isClosed || this.#model.isDown) return void setTimeout(lost, 0)
      const onOwnTime = AsyncLocalStorage.snapshot()
      const answer = (ending: () => void) => onOwnTime(() => void setTimeout(() => end(ending), this.#delayMs()))
      const arrive = () => {
        try {
          const served = this.#model.serve(this, command)
          answer(() => (served === undefined ? lost() : resolve(served.done)))
        } catch (error) {
          answer(() => reject(error))
        }
      }
      this.#model.inServer(() => void setTimeout(arrive, this.#delayMs()))
    })
  }

  close(): void {
    this.#isClosed = true
  }
}

function valuesOf(hash: Hash | undefined, fields: readonly Argument[]): (Buffer | null)[] {
  return fields.map((field) => hash?.get(field.toString('latin1')) ?? null)
}
