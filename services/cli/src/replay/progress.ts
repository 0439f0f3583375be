import { type Cli, outJson } from '../cli.ts'
import { lengthText } from './times.ts'

/** A line where there is no terminal, at most so often. */
const PLAIN_EVERY_MS = 5_000

/**
 * Shows how far something is: rate since it began and how long it may still take. One line that is written over on a
 * terminal, a plain one now and then elsewhere, NDJSON on standard output if asked.
 */
export class Progress {
  readonly #cli: Cli
  readonly #what: string
  readonly #json: boolean
  readonly #terminal = process.stderr.isTTY === true
  #first: { readonly atMs: number; readonly offsets: number } | null = null
  #saidAtMs = Number.NEGATIVE_INFINITY
  #open = false

  constructor(cli: Cli, what: string, json: boolean) {
    this.#cli = cli
    this.#what = what
    this.#json = json
  }

  show(offsets: number, total: number): void {
    const nowMs = performance.now()
    this.#first ??= { atMs: nowMs, offsets }
    const seconds = (nowMs - this.#first.atMs) / 1_000
    const perSecond = seconds < 1 ? null : Math.round((offsets - this.#first.offsets) / seconds)
    const secondsLeft = perSecond === null || perSecond === 0 ? null : Math.ceil((total - offsets) / perSecond)
    if (this.#json) {
      outJson(this.#cli, { kind: 'progress', what: this.#what, offsets, total, perSecond, secondsLeft })
      return
    }
    if (perSecond === null) return
    const left = secondsLeft === null ? '' : `, about ${lengthText(secondsLeft)} left`
    const share = total === 0 ? 100 : Math.floor((100 * offsets) / total)
    const line = `${this.#what}: ${share} % (${offsets} of ${total}), ${perSecond} a second${left}`
    if (this.#terminal) {
      process.stderr.write(`\r\x1b[K${line}`)
      this.#open = true
    } else if (nowMs - this.#saidAtMs >= PLAIN_EVERY_MS) {
      this.#cli.say(line)
      this.#saidAtMs = nowMs
    }
  }

  /** Ends the line that is written over. */
  end(): void {
    if (this.#open) process.stderr.write('\n')
    this.#open = false
  }
}
