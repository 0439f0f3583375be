import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceProcess } from '@weir/infra/demo/service-process.ts'
import type { Weir } from '../support/weir.ts'
import { Gate } from './seen/gate.ts'
import type { Tally } from './tally.ts'

export type SlotKind = 'sanitizer' | 'projector'

/** One life of a service in a slot. */
export interface Run {
  readonly process: ServiceProcess
  readonly gate: Gate
  readonly life: symbol
}

export interface SlotOptions {
  readonly weir: Weir
  /** `host:port` of the brokers themselves, separated by commas. */
  readonly brokers: string
  readonly kind: SlotKind
  readonly slot: number
  readonly tally: Tally
  /** A process of the slot has ended unasked; it is started again. */
  readonly onEnded: (why: string) => void
}

const START_AGAIN_MS = 500
/** How long answers to what a dead process had asked may still come. */
const OUTLIVES_MS = 2_000

/** A replica of a service, with its slot: started again whenever it is gone, as any supervisor would do. */
export class Slot {
  readonly kind: SlotKind
  readonly name: string
  readonly #options: SlotOptions
  readonly #runs = new Set<Run>()
  readonly #closing = new Set<Promise<void>>()
  #current: Run | undefined
  #closed = false

  constructor(options: SlotOptions) {
    this.#options = options
    this.kind = options.kind
    this.name = `${options.kind}-${options.slot}`
  }

  /** Who has the slot now, if it is running. */
  get run(): Run | undefined {
    return this.#current?.process.running ? this.#current : undefined
  }

  /** It has committed in this life. */
  get isAtWork(): boolean {
    return (this.run?.gate.watch.commits ?? 0) > 0
  }

  /** Another process in this slot. Whoever has it now is not ended: that is the caller's. */
  async start(): Promise<Run> {
    const { weir, brokers, kind, slot, tally, onEnded } = this.#options
    const life = Symbol(this.name)
    const gate = await Gate.open(brokers, tally.heard(kind === 'sanitizer', life))
    const process = weir.start(kind, this.name, { KAFKA_BROKERS: gate.addresses, WEIR_SLOT: String(slot) })
    const run = { process, gate, life }
    this.#runs.add(run)
    this.#current = run
    process.died.catch(async (error: Error) => {
      onEnded(error.message)
      await this.end(run, 'SIGKILL')
      await pause(START_AGAIN_MS)
      if (!this.#closed && this.#current === run) await this.start()
    })
    return run
  }

  /** Ends a life; resolves when it is gone. */
  async end(run: Run, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await run.process.stop(signal)
    if (!this.#runs.delete(run)) return
    const closing = pause(OUTLIVES_MS)
      .then(() => run.gate.close())
      .finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#runs].map((run) => this.end(run, 'SIGTERM')))
    await Promise.all(this.#closing)
  }
}
