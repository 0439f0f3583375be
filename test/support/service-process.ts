import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface LogLine {
  readonly event?: string
  readonly what?: string
  readonly port?: number
  readonly [field: string]: unknown
}

/** One run of a service as a process of its own, as in production; its log is read as it is written. */
export class ServiceProcess {
  readonly name: string
  readonly #child: ChildProcess
  readonly #lines: LogLine[] = []
  #said = ''

  constructor(name: string, env: Readonly<Record<string, string>>, logFile: string) {
    this.name = name
    // The pipe to stdin ends with this process, so that no service outlives its test.
    this.#child = spawn(process.execPath, [`services/${name}/src/main.ts`], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'] ?? '', ...env, WEIR_PARENT_PIPE: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const log = createWriteStream(logFile, { flags: 'a' })
    const read = (line: string) => {
      log.write(`${line}\n`)
      this.#said = `${this.#said}${line}\n`.slice(-4_000)
      if (line.startsWith('{')) this.#lines.push(JSON.parse(line))
    }
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', read)
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Lines of its log so far. */
  get lines(): readonly LogLine[] {
    return this.#lines
  }

  /** The first log line of the kind, waited for. */
  async logged(what: string, match: (line: LogLine) => boolean, limitMs = 60_000): Promise<LogLine> {
    return until(
      `${this.name}: ${what}`,
      () => {
        const line = this.#lines.find(match)
        if (line === undefined && !this.running) throw new Error(`${this.name} has ended:\n${this.#said}`)
        return line
      },
      limitMs,
    )
  }

  async port(what: 'ops' | 'http'): Promise<number> {
    const line = await this.logged(`listening ${what}`, (one) => one.event === 'listening' && one.what === what)
    return line.port as number
  }

  async ready(limitMs = 60_000): Promise<void> {
    const port = await this.port('ops')
    await until(
      `${this.name} ready`,
      async () => {
        if (!this.running) throw new Error(`${this.name} has ended:\n${this.#said}`)
        const response = await fetch(`http://127.0.0.1:${port}/readyz`)
        if (!response.ok) throw new Error(`not ready: ${await response.text()}\n${this.#said}`)
        return true
      },
      limitMs,
    )
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${await this.port('ops')}/metrics`)).text()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }
}
