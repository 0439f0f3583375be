import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { StackError } from './errors.ts'
import type { Exit, Guarded, GuardedProcess } from './guarded.ts'
import { lastLines, logSince, logSize } from './log-file.ts'
import { freePort } from './ports.ts'

export type PartName = 'kafka' | 'redis' | 'registry'
/** A part of the stack, or one broker of a cluster. */
export type ProcessName = PartName | `kafka-${number}`

/** What makes a part of the stack that part. */
export interface PartKind {
  readonly name: ProcessName
  /** How many ports it listens on; the first is the one clients use. */
  readonly ports: number
  /** What to do before each start, such as writing a configuration; `run` runs a command to its end. */
  prepare(place: PartPlace, run: (args: readonly string[]) => Promise<void>): Promise<void>
  command(place: PartPlace): string
  args(place: PartPlace): readonly string[]
  env(place: PartPlace): NodeJS.ProcessEnv
  /** Stands in the log of this very process once it serves. What answers on the port might be another's. */
  readonly ready: RegExp
}

export interface PartPlace {
  readonly dataFolder: string
  readonly ports: readonly number[]
}

/** A part of the stack that can be stopped, killed and started again, always on the same port. */
export interface Part {
  readonly name: ProcessName
  /** Where clients reach it, on 127.0.0.1. */
  readonly port: number
  /** Its process, while it runs. */
  readonly pid: number | undefined
  /** Survives stop and start. */
  readonly dataFolder: string
  /** Path of its log. */
  readonly log: string
  /** Starts it and resolves when it serves. */
  start(): Promise<void>
  /** Signals it and resolves when it is gone. SIGTERM lets it close in order, SIGKILL is a crash. */
  stop(signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<void>
  /** Any other signal: SIGSTOP freezes it, SIGCONT thaws it. */
  signal(signal: NodeJS.Signals): Promise<void>
}

const slowMs = 120_000
const lookAgainMs = 50
const portTries = 5
const portTaken = /address already in use|bindexception|port\D+\d+\D+already (?:bound|in use)/i

interface Running {
  readonly process: GuardedProcess
  exit: Exit | null
  /** Where in the log this run begins. */
  readonly logFrom: number
  /** Its end would be no news. */
  expected: boolean
}

/** A part as a process under the guardian. */
export class NativePart implements Part {
  readonly name: ProcessName
  readonly dataFolder: string
  readonly log: string
  readonly #kind: PartKind
  readonly #guarded: Guarded
  readonly #onLost: (error: StackError) => void
  #ports: readonly number[] = []
  #running: Running | null = null

  constructor(kind: PartKind, guarded: Guarded, onLost: (error: StackError) => void) {
    this.name = kind.name
    this.dataFolder = join(guarded.folder, kind.name)
    this.log = join(guarded.folder, `${kind.name}.log`)
    this.#kind = kind
    this.#guarded = guarded
    this.#onLost = onLost
  }

  get port(): number {
    return this.#ports[0] ?? 0
  }

  /** All its ports, the clients' first. */
  get ports(): readonly number[] {
    return this.#ports
  }

  get pid(): number | undefined {
    return this.#running?.process.pid
  }

  /** Settles on ports without starting. */
  async choosePorts(): Promise<void> {
    this.#ports = await Promise.all(Array.from({ length: this.#kind.ports }, freePort))
  }

  /** The first start: a port that was free a moment ago and is taken now is no failure, the next one is tried. */
  async startOnAnyPorts(): Promise<void> {
    for (let left = portTries; ; left--) {
      await this.choosePorts()
      const logFrom = await logSize(this.log)
      try {
        return await this.start()
      } catch (error) {
        if (left <= 1 || !portTaken.test(await logSince(this.log, logFrom))) throw error
      }
    }
  }

  async start(): Promise<void> {
    if (this.#running) return
    await mkdir(this.dataFolder, { recursive: true, mode: 0o700 })
    const place = { dataFolder: this.dataFolder, ports: this.#ports }
    await this.#kind.prepare(place, (args) => this.#runToEnd(place, args))
    const logFrom = await logSize(this.log)
    const process = await this.#spawn(this.name, place, this.#kind.args(place))
    const running: Running = { process, exit: null, logFrom, expected: true }
    this.#running = running
    void process.exited.then((exit) => this.#ended(running, exit))
    await this.#serves(running)
    running.expected = false
  }

  async stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const running = this.#running
    if (!running) return
    running.expected = true
    await this.#guarded.signal(this.name, signal)
    await running.process.exited
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#guarded.signal(this.name, signal)
  }

  /** It was told to end, or it is about to be: its end is no news. */
  expectEnd(): void {
    if (this.#running) this.#running.expected = true
  }

  #ended(running: Running, exit: Exit): void {
    running.exit = exit
    if (this.#running === running) this.#running = null
    if (!running.expected) void this.#died(running.logFrom, exit).then(this.#onLost)
  }

  async #serves(running: Running): Promise<void> {
    const since = performance.now()
    while (!this.#kind.ready.test(await logSince(this.log, running.logFrom))) {
      if (running.exit) throw await this.#died(running.logFrom, running.exit)
      if (performance.now() - since > slowMs) {
        throw new StackError(
          'WEIR_STACK_PART_SLOW',
          `${this.name} was not ready after ${slowMs / 1000} s. Its last lines:\n${await lastLines(this.log, running.logFrom)}`,
        )
      }
      await pause(lookAgainMs)
    }
  }

  async #runToEnd(place: PartPlace, args: readonly string[]): Promise<void> {
    const logFrom = await logSize(this.log)
    const process = await this.#spawn(`${this.name}-prepare`, place, args)
    const exit = await process.exited
    if (exit.code !== 0) throw await this.#died(logFrom, exit)
  }

  async #spawn(name: string, place: PartPlace, args: readonly string[]): Promise<GuardedProcess> {
    const command = this.#kind.command(place)
    try {
      return await this.#guarded.spawn({
        name,
        command,
        args,
        cwd: this.dataFolder,
        env: this.#kind.env(place),
        log: this.log,
      })
    } catch (error) {
      if (error instanceof StackError) throw error
      throw new StackError('WEIR_STACK_PART_DIED', `${this.name} could not be started with ${command}.`, {
        cause: error,
      })
    }
  }

  async #died(logFrom: number, exit: Exit): Promise<StackError> {
    const how = exit.signal === null ? `exit code ${exit.code}` : exit.signal
    return new StackError(
      'WEIR_STACK_PART_DIED',
      `${this.name} ended (${how}). Its last lines:\n${await lastLines(this.log, logFrom)}`,
    )
  }
}
