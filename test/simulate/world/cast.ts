import type { Kafka } from '@weir/kafka'
import type { Redis } from 'ioredis'
import { startConsent } from '../processes/consent.ts'
import type { Ground, Started } from '../processes/ground.ts'
import { startProjector } from '../processes/projector.ts'
import { startSanitizer } from '../processes/sanitizer.ts'
import type { ProcessName } from '../schedule/steps.ts'
import type { Random } from '../time/random-bytes.ts'
import { afterMs, resume, runAs, SimulatedProcess, wallClockMs } from '../time/virtual-time.ts'

/** An orderly end that takes longer becomes a kill, as by whoever runs the process. */
const SHUTDOWN_MS = 8_000

const START = { sanitizer: startSanitizer, projector: startProjector, consent: startConsent }

export interface CastParts {
  readonly connect: (process: ProcessName) => Promise<Kafka>
  readonly redis: () => Redis
  /** Its connections break, as when a process ends. */
  readonly cut: (process: ProcessName) => void
  readonly random: Random
  readonly say: (what: string) => void
}

interface Player {
  readonly process: SimulatedProcess
  readonly stop: AbortController
  started: Started | null
  /** Asked to start while it was ending. */
  startsAgain: boolean
}

/** Who runs in the world: starts, pauses and ends them, and tells who ended by itself. */
export class Cast {
  readonly #parts: CastParts
  readonly #players = new Map<ProcessName, Player>()
  readonly #stopped: { process: ProcessName; atMs: number; why: string }[] = []

  constructor(parts: CastParts) {
    this.#parts = parts
  }

  /** Who ended by itself. */
  get stopped(): readonly { readonly process: string; readonly atMs: number; readonly why: string }[] {
    return this.#stopped
  }

  /** Empty when it has started and does its job. */
  why(name: ProcessName): string {
    const player = this.#alive(name)
    return player === undefined ? 'it does not run' : (player.started?.why() ?? 'it starts')
  }

  /** Whoever asks the consent service; null while it can't be reached. */
  api(): { readonly process: SimulatedProcess; readonly app: NonNullable<Started['api']> } | null {
    const player = this.#alive('consent-0')
    const app = player?.started?.api
    return player === undefined || app === undefined ? null : { process: player.process, app }
  }

  /** One that is ending starts once it has ended. */
  start(name: ProcessName): void {
    const alive = this.#alive(name)
    if (alive !== undefined) {
      alive.startsAgain ||= alive.stop.signal.aborted
      return
    }
    const process = new SimulatedProcess(name)
    const player: Player = { process, stop: new AbortController(), started: null, startsAgain: false }
    this.#players.set(name, player)
    const fail = (error: unknown) => this.#failed(name, player, error)
    runAs(process, () => {
      setTimeout(() => {
        this.#open(name, player, fail).then(
          (started) => {
            player.started = started
          },
          (error: unknown) => {
            if (!player.stop.signal.aborted) fail(error)
          },
        )
      }, 1)
    })
  }

  async #open(name: ProcessName, { stop }: Player, fail: (error: unknown) => void): Promise<Started> {
    const [kind, slot] = name.split('-') as [keyof typeof START, string]
    const { connect, redis, random, say } = this.#parts
    const warn = (what: unknown) => say(`${name} warns: ${inWords(what)}`)
    const ground: Ground = {
      kafka: await connect(name),
      redis: redis(),
      random,
      log: { info: () => {}, warn, error: warn },
      slot,
      signal: stop.signal,
      fail,
    }
    return await START[kind](ground)
  }

  pause(name: ProcessName): void {
    const player = this.#alive(name)
    if (player?.process.state === 'running') player.process.state = 'paused'
  }

  resume(name: ProcessName): void {
    const player = this.#alive(name)
    if (player?.process.state === 'paused') resume(player.process)
  }

  resumeAll(): void {
    for (const name of this.#players.keys()) this.resume(name)
  }

  kill(name: ProcessName): void {
    const player = this.#alive(name)
    if (player === undefined) return
    player.process.state = 'dead'
    player.process.waiting = []
    this.#parts.cut(name)
  }

  killAll(): void {
    for (const name of this.#players.keys()) this.kill(name)
  }

  /** SIGTERM. */
  stop(name: ProcessName): void {
    const player = this.#alive(name)
    if (player === undefined) return
    const { process, stop, started } = player
    if (started === null || process.state === 'paused') return this.kill(name)
    const ended = () => {
      if (player.process.state === 'dead') return
      this.kill(name)
      if (player.startsAgain) afterMs(0, () => this.start(name))
    }
    runAs(process, () => {
      setTimeout(() => {
        stop.abort(new Error('asked to end'))
        started.close().then(ended, (error: unknown) => {
          this.#parts.say(`${name} did not end in order: ${inWords(error)}`)
          ended()
        })
      }, 0)
    })
    afterMs(SHUTDOWN_MS, ended)
  }

  #failed(name: ProcessName, player: Player, error: unknown): void {
    if (player.process.state === 'dead') return
    const why = inWords(error)
    this.#stopped.push({ process: name, atMs: wallClockMs(), why })
    this.#parts.say(`${name} ended by itself: ${why}`)
    this.kill(name)
  }

  #alive(name: ProcessName): Player | undefined {
    const player = this.#players.get(name)
    return player?.process.state === 'dead' ? undefined : player
  }
}

function inWords(what: unknown): string {
  if (what instanceof Error) return what.message
  return JSON.stringify(what, (_key, value: unknown) => (value instanceof Error ? value.message : value))
}
