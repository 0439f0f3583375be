import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { StackError } from './errors.ts'
import type { GuardianAnswer, GuardianRequest } from './guardian-protocol.ts'

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process that the guardian runs. */
export interface GuardedProcess {
  readonly pid: number
  readonly exited: Promise<Exit>
}

export interface ProcessOptions {
  /** Unique among the processes that run. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Output and errors are appended to this file. */
  readonly log: string
}

type Request = GuardianRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never

/** The starter's side of a guardian: processes and folders that vanish with this process, however it ends. */
export class Guarded {
  /** Made for this stack, removed with it. */
  readonly folder: string
  readonly #guardian: ChildProcessByStdio<Writable, Readable, null>
  readonly #ended: Promise<void>
  readonly #waiting = new Map<number, { resolve: (pid: number) => void; reject: (error: Error) => void }>()
  readonly #running = new Map<number, (exit: Exit) => void>()
  #nextId = 1
  #why = 'it was killed'
  #finished = false

  static async open(): Promise<Guarded> {
    const guardian = spawn(process.execPath, [fileURLToPath(new URL('guardian.ts', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // A session of its own: Ctrl-C in the terminal reaches the starter alone, and the guardian sees it leave.
      detached: true,
    })
    const lines = createInterface({ input: guardian.stdout })
    const first = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve)
      guardian.once('error', reject)
      guardian.once('exit', () => reject(lost('it ended before it was ready')))
    })
    const answer: GuardianAnswer = JSON.parse(first)
    if (answer.kind !== 'ready') throw lost(answer.kind === 'broken' ? answer.why : 'it said something else')
    const guarded = new Guarded(guardian, answer.folder)
    lines.on('line', (line) => guarded.#hear(JSON.parse(line)))
    return guarded
  }

  private constructor(guardian: ChildProcessByStdio<Writable, Readable, null>, folder: string) {
    this.folder = folder
    this.#guardian = guardian
    guardian.stdin.on('error', () => {})
    this.#ended = new Promise((resolve) => {
      guardian.once('close', () => {
        this.#left()
        resolve()
      })
    })
  }

  /** Starts a process; resolves when it runs, rejects with the system's error if the command can't be run. */
  async spawn(options: ProcessOptions): Promise<GuardedProcess> {
    const { promise: exited, resolve } = Promise.withResolvers<Exit>()
    // Noted before this function goes on: the news of its end may come right behind.
    const pid = await this.#ask({ do: 'spawn', ...options }, (started) => this.#running.set(started, resolve))
    return { pid, exited }
  }

  /** Signals a process by its name, and all that it has started. Nothing happens if it is gone. */
  async signal(name: string, signal: NodeJS.Signals): Promise<void> {
    await this.#ask({ do: 'signal', name, signal })
  }

  /** Has this folder removed too at the end. */
  async own(folder: string): Promise<void> {
    await this.#ask({ do: 'own', folder })
  }

  /** Ends everything; resolves when nothing is left of it. */
  async finish(): Promise<void> {
    this.#finished = true
    this.#guardian.stdin.end()
    await this.#ended
  }

  #ask(request: Request, heard?: (pid: number) => void): Promise<number> {
    if (this.#guardian.exitCode !== null || this.#guardian.signalCode !== null || this.#finished) {
      return Promise.reject(lost(this.#finished ? 'the stack was stopped' : this.#why))
    }
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const done = (pid: number): void => {
        heard?.(pid)
        resolve(pid)
      }
      this.#waiting.set(id, { resolve: done, reject })
      this.#guardian.stdin.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }

  #hear(answer: GuardianAnswer): void {
    switch (answer.kind) {
      case 'done':
      case 'failed': {
        const waiting = this.#waiting.get(answer.id)
        this.#waiting.delete(answer.id)
        if (answer.kind === 'done') waiting?.resolve(answer.pid)
        else waiting?.reject(new Error(answer.why))
        return
      }
      case 'exit':
        this.#running.get(answer.pid)?.({ code: answer.code, signal: answer.signal })
        this.#running.delete(answer.pid)
        return
      case 'broken':
        this.#why = answer.why
        return
      case 'ready':
        return
    }
  }

  /** The guardian has left. If nobody asked it to, what it should have done is done here. */
  #left(): void {
    for (const [pid, tell] of this.#running) {
      if (!this.#finished) killGroup(pid)
      tell({ code: null, signal: 'SIGKILL' })
    }
    this.#running.clear()
    if (!this.#finished) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
    for (const { reject } of this.#waiting.values()) {
      reject(lost(this.#finished ? 'the stack was stopped' : this.#why))
    }
    this.#waiting.clear()
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

function lost(why: string): StackError {
  return new StackError('WEIR_STACK_GUARDIAN_LOST', `The process that looks after the stack's parts is gone: ${why}.`)
}
