import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A service ended, or did not get ready. The message has the last lines of its log. */
export class ServiceFailed extends Error {
  override readonly name = 'ServiceFailed'
  readonly code = 'WEIR_DEMO_SERVICE_FAILED'
}

export interface ServiceOptions {
  readonly name: 'projector' | 'consent' | 'sanitizer' | 'forgetter'
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
}

const SERVICES = fileURLToPath(new URL('../../services/', import.meta.url))
const READY_MS = 60_000
const STOP_MS = 12_000
const LAST_LINES = 12

/**
 * One service as a process of its own. Its log goes to a file and is watched for what it announces. It ends with this
 * process whatever happens: its stdin is a pipe, which the kernel closes. It has a process group of its own, so that
 * Ctrl-C reaches it through the demo, in order, and not from the terminal all at once.
 */
export class ServiceProcess {
  readonly name: string
  readonly logFile: string
  /** Rejects when the process ends unasked. Never resolves. */
  readonly died: Promise<never>
  readonly #child: ChildProcess
  readonly #log: WriteStream
  readonly #last: string[] = []
  readonly #listening = new Map<string, PromiseWithResolvers<number>>()
  readonly #ready = Promise.withResolvers<void>()
  #ending = false

  constructor({ name, env, logFile }: ServiceOptions) {
    this.name = name
    this.logFile = logFile
    this.#log = createWriteStream(logFile, { mode: 0o600 })
    this.#child = spawn(process.execPath, [`${SERVICES}${name}/src/main.ts`], {
      env: { ...inherited(), ...env, WEIR_PARENT_PIPE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child.stdin?.on('error', () => {})
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#heard(line))
    }
    this.died = this.#failure()
    this.died.catch(() => {})
  }

  /** Resolves when the service says that it does its job. */
  async ready(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#failed(`was not ready after ${READY_MS / 1000} s`)), READY_MS)
    })
    try {
      await Promise.race([this.#ready.promise, this.died, late])
    } finally {
      clearTimeout(timer)
    }
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Address of what the service listens on, as soon as it does; it may not be ready yet. */
  async url(what: 'ops' | 'http'): Promise<string> {
    return `http://127.0.0.1:${await Promise.race([this.#port(what).promise, this.died])}`
  }

  /** The text of its metrics page. */
  async metrics(): Promise<string> {
    return (await fetch(`${await this.url('ops')}/metrics`)).text()
  }

  /** SIGSTOP freezes it, SIGCONT thaws it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Asks it to end, and ends it when it takes too long; SIGKILL is a crash. Gives its exit code when it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    this.#ending = true
    if (this.running) {
      const gone = once(this.#child, 'exit')
      this.#child.kill(signal)
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
      await gone
      clearTimeout(timer)
    }
    await new Promise<void>((resolve) => this.#log.end(resolve))
    return this.#child.exitCode
  }

  #port(what: string): PromiseWithResolvers<number> {
    const known = this.#listening.get(what)
    if (known !== undefined) return known
    const made = Promise.withResolvers<number>()
    this.#listening.set(what, made)
    return made
  }

  #heard(line: string): void {
    this.#log.write(`${line}\n`)
    this.#last.push(line)
    if (this.#last.length > LAST_LINES) this.#last.shift()
    const event = parsed(line)
    if (event['event'] === 'listening' && typeof event['port'] === 'number') {
      this.#port(String(event['what'])).resolve(event['port'])
    }
    if (event['event'] === 'ready') this.#ready.resolve()
  }

  async #failure(): Promise<never> {
    const how = await new Promise<string>((resolve) => {
      this.#child.once('error', (error) => resolve(`could not be started: ${error.message}`))
      this.#child.once('close', (code, signal) => {
        if (!this.#ending) resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`)
      })
    })
    throw this.#failed(how)
  }

  #failed(how: string): ServiceFailed {
    const said = this.#last.length === 0 ? 'It logged nothing.' : `Its last log lines:\n  ${this.#last.join('\n  ')}`
    return new ServiceFailed(`The ${this.name} service ${how}. ${said}`)
  }
}

/** Only what a service needs of this process's environment, so that the demo's settings are the demo's own. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'NODE_EXTRA_CA_CERTS']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

function parsed(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
