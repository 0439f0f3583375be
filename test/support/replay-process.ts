import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../services/sanitizer/src/replay.ts', import.meta.url))
const COMMAND = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url))

interface Told {
  readonly kind: string
  readonly offsets?: number
  readonly total?: number
  readonly state?: string
}

/** A process that runs a replay and tells on its standard output how far it is. */
export class ReplayProcess {
  readonly #child: ChildProcess
  readonly #told: Told[] = []
  readonly #ended: Promise<number | null>
  readonly #waiting = new Set<() => void>()
  #said = ''

  /** What does the work. */
  static worker(plan: string, env: Readonly<Record<string, string>>): ReplayProcess {
    return new ReplayProcess([PROGRAM, plan], env)
  }

  /** `weir replay run`. */
  static command(plan: string, env: Readonly<Record<string, string>>): ReplayProcess {
    return new ReplayProcess([COMMAND, 'replay', 'run', plan, '--execute', '--json'], env)
  }

  private constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'] ?? '', ...env, WEIR_PARENT_PIPE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stdin?.on('error', () => {})
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#heard(line))
    }
    this.#ended = once(this.#child, 'close').then(() => {
      this.#wake()
      return this.#child.exitCode
    })
  }

  /** Resolves when it has told of so many offsets, with how many there are in all. Rejects when it ends before. */
  async reached(share: number): Promise<void> {
    for (;;) {
      const last = this.#told.findLast(({ kind }) => kind === 'progress')
      if (last?.offsets !== undefined && last.total !== undefined && last.offsets >= share * last.total) {
        if (last.offsets === last.total) throw new Error('it came to its end before it could be interrupted')
        return
      }
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw this.#failed()
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  /** Exit code and what it said last; null: it was killed. */
  async ended(): Promise<{ readonly exit: number | null; readonly state: string | null }> {
    const exit = await this.#ended
    return { exit, state: this.#told.findLast(({ kind }) => kind === 'done')?.state ?? null }
  }

  async completed(): Promise<void> {
    const { exit, state } = await this.ended()
    if (exit !== 0 || state !== 'completed') throw this.#failed()
  }

  #heard(line: string): void {
    this.#said = `${this.#said}\n${line}`.slice(-4_000)
    const told = parsed(line)
    if (told !== null) this.#told.push(told)
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  #failed(): Error {
    return new Error(`The replay ended with ${this.#child.exitCode ?? this.#child.signalCode}. It said:${this.#said}`)
  }
}

function parsed(line: string): Told | null {
  try {
    const value = JSON.parse(line) as Partial<Told>
    return typeof value?.kind === 'string' ? (value as Told) : null
  } catch {
    return null
  }
}
