import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { freezeProcess } from '../support/freeze-process.ts'
import type { CopierEvent, Phase } from './copier.ts'
import { type MemberSettings, PHASES } from './copy-member.ts'

export type MemberEvent = CopierEvent | { readonly kind: 'leaving'; readonly open: boolean }

const program = fileURLToPath(new URL('copy-member.ts', import.meta.url))

/** A running member, seen from outside: what it tells, and what can be done to it. */
export class MemberProcess {
  /** Resolves when it is gone. Rejects if it ended by itself, or badly. */
  readonly ended: Promise<void>
  readonly slot: string
  /** Partitions the group has given it, as far as it has told. */
  readonly owned = new Set<number>()
  commits = 0
  frozen = false
  leaving = false
  readonly #settings: MemberSettings
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #hears = new Set<(event: MemberEvent) => void>()
  #thaw: (() => void) | undefined
  #endExpected = false
  #gone = false

  constructor(settings: MemberSettings) {
    this.#settings = settings
    this.slot = settings.job.slot
    writeFileSync(settings.phaseFile, Uint8Array.of(0))
    this.#child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'pipe'] })
    // It may be gone when it is told to leave.
    this.#child.stdin.on('error', () => undefined)
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(JSON.parse(line)))
    let said = ''
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000)
    })
    this.ended = once(this.#child, 'close').then(([code, signal]: unknown[]) => {
      this.#gone = true
      this.#thaw?.()
      if (this.#endExpected && (code === 0 || signal === 'SIGKILL')) return
      throw new Error(`Member ${this.slot} ended by itself (${signal ?? `exit ${code}`}):\n${said.trim()}`)
    })
  }

  get isGone(): boolean {
    return this.#gone
  }

  /** Where its transaction stands. Exact while it is frozen and after it was killed. */
  phase(): Phase {
    const [byte = 0] = readFileSync(this.#settings.phaseFile)
    return PHASES[byte] ?? 'none'
  }

  /** A transaction is open, or its end is out and not answered. */
  isOpen(): boolean {
    const phase = this.phase()
    return phase === 'open' || phase === 'ending'
  }

  /** Calls `hear` for each event until the returned function is called. */
  on(hear: (event: MemberEvent) => void): () => void {
    this.#hears.add(hear)
    return () => this.#hears.delete(hear)
  }

  async kill(): Promise<void> {
    this.#endExpected = true
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Asks it to leave; resolves when it has left. */
  async leave(): Promise<void> {
    this.#endExpected = true
    this.leaving = true
    this.#child.stdin.end('leave\n')
    await this.ended
  }

  freeze(): void {
    this.frozen = true
    this.#thaw = freezeProcess(this.#child.pid as number)
  }

  thaw(): void {
    this.frozen = false
    this.#thaw?.()
  }

  #hear(event: MemberEvent): void {
    if (event.kind === 'assigned') for (const partition of event.partitions) this.owned.add(partition)
    if (event.kind === 'revoked' || event.kind === 'lost') {
      for (const partition of event.partitions) this.owned.delete(partition)
    }
    if (event.kind === 'committed') this.commits++
    for (const hear of this.#hears) hear(event)
  }
}
