import { Api, type Fate, type KafkaProxy, type PassingRequest, startKafkaProxy } from '../../support/kafka-proxy.ts'
import { type Heard, type Phase, TransactionWatch } from './transaction-watch.ts'

/** What is to be done to responses of an API: to one, or to each until the trap is taken away. */
interface Trap {
  readonly apiKey: number
  readonly lasts: boolean
  readonly spring: (open: boolean) => Fate | undefined
}

/**
 * The way of one process to all brokers, through proxies: where its transaction stands is read off what passes, and
 * single responses can be dropped or held. Nothing in the process knows of it.
 */
export class Gate {
  readonly watch: TransactionWatch
  readonly #proxies: KafkaProxy[] = []
  readonly #traps = new Set<Trap>()
  readonly #phaseHeard = new Set<(phase: Phase) => void>()

  private constructor(heard: Omit<Heard, 'onPhase'>) {
    this.watch = new TransactionWatch({
      ...heard,
      onPhase: (phase) => {
        for (const hear of this.#phaseHeard) hear(phase)
      },
    })
  }

  /** @param brokers `host:port`, several separated by commas */
  static async open(brokers: string, heard: Omit<Heard, 'onPhase'>): Promise<Gate> {
    const gate = new Gate(heard)
    const redirects = new Map<number, number>()
    for (const broker of brokers.split(',')) {
      const proxy = await startKafkaProxy(broker, {
        onRequest: (request) => gate.watch.asked(request),
        onResponse: (request, response) => gate.#fateOf(request, response),
        // How a transaction ended is known here also when its process died meanwhile.
        outlives: ({ apiKey }) => apiKey === Api.endTxn,
        redirects,
      })
      redirects.set(portOf(broker), portOf(proxy.address))
      gate.#proxies.push(proxy)
    }
    return gate
  }

  /** For the process, as KAFKA_BROKERS. */
  get addresses(): string {
    return this.#proxies.map((proxy) => proxy.address).join(',')
  }

  /** Calls `hear` on each change of the transaction's phase, at once, until the returned function is called. */
  onPhase(hear: (phase: Phase) => void): () => void {
    this.#phaseHeard.add(hear)
    return () => this.#phaseHeard.delete(hear)
  }

  /**
   * Asks `spring` about each response of this API until it gives a fate, which that response then has; also about those
   * that follow, if it lasts. It hears whether a transaction was open then. The returned function takes the trap away.
   */
  trap(apiKey: number, spring: (open: boolean) => Fate | undefined, lasts = false): () => void {
    const trap = { apiKey, spring, lasts }
    this.#traps.add(trap)
    return () => this.#traps.delete(trap)
  }

  slow(ms: number): void {
    for (const proxy of this.#proxies) proxy.slow(ms)
  }

  mute(): void {
    for (const proxy of this.#proxies) proxy.mute()
  }

  cut(): void {
    for (const proxy of this.#proxies) proxy.cut()
  }

  async close(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
  }

  #fateOf(request: PassingRequest, response: Buffer): Fate {
    // Open before or after: an opener's answer opens it, an InitProducerId has ended it by the time of its answer.
    const before = this.watch.isOpen
    this.watch.answered(request, response, false)
    const open = before || this.watch.isOpen
    let fate: Fate = 'pass'
    for (const trap of this.#traps) {
      if (trap.apiKey !== request.apiKey) continue
      const sprung = trap.spring(open)
      if (sprung === undefined) continue
      if (!trap.lasts) this.#traps.delete(trap)
      fate = sprung
      break
    }
    if (fate === 'pass') this.watch.answered(request, response, true)
    // Until then the process waits for it: for it, its transaction stays where it is.
    else if (fate !== 'drop') void fate.then(() => this.watch.answered(request, response, true))
    return fate
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
