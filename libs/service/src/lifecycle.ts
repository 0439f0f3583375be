import type pino from 'pino'

export type Ending =
  /** Asked for: SIGTERM, SIGINT, or the parent is gone. `withinMs` tightens the bound. */
  | { readonly kind: 'asked'; readonly by: string; readonly withinMs?: number }
  /** Its job is over. Exits with this code when closing went well. */
  | { readonly kind: 'over'; readonly exitCode: number }
  /** A bug or a state that can't be mended from inside. Exit 1. */
  | { readonly kind: 'failed'; readonly error: unknown }

/**
 * The end of a process, whatever asks for it: one abort signal, one closing within a bound, one exit code.
 * Control flow of the whole process lies here; `close` is what the service has to do.
 */
export class Lifecycle {
  readonly #log: pino.Logger
  readonly #timeoutMs: number
  readonly #abort = new AbortController()
  #exitCode = 0
  #close: () => Promise<void> = async () => {}
  readonly #exitWhenAsked: number
  readonly #exit: (code: number) => void

  /** @param exitWhenAsked exit code of an end that was asked for, when closing went well */
  constructor(
    log: pino.Logger,
    timeoutMs: number,
    exitWhenAsked = 0,
    exit: (code: number) => void = (code) => process.exit(code),
  ) {
    this.#log = log
    this.#timeoutMs = timeoutMs
    this.#exitWhenAsked = exitWhenAsked
    this.#exit = exit
  }

  /** Aborts when the process is asked to end, or has failed. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** What to do at the end. Set before anything can end the process. */
  onClose(close: () => Promise<void>): void {
    this.#close = close
  }

  end(ending: Ending): void {
    if (ending.kind === 'failed') {
      this.#exitCode = 1
      this.#log.fatal({ event: 'failed', err: asError(ending.error) })
    }
    if (this.#abort.signal.aborted) {
      if (ending.kind === 'asked') this.#hurry(ending.by)
      return
    }
    if (ending.kind === 'asked') {
      this.#exitCode = this.#exitWhenAsked
      this.#log.info({ event: 'closing', why: ending.by })
    }
    if (ending.kind === 'over') {
      this.#exitCode = ending.exitCode
      this.#log.info({ event: 'closing', why: 'its job is over' })
    }
    this.#abort.abort()
    const within = ending.kind === 'asked' ? (ending.withinMs ?? this.#timeoutMs) : this.#timeoutMs
    void this.#closeAndExit(Math.min(within, this.#timeoutMs))
  }

  /** Ctrl-C a second time: whoever asks twice doesn't want to wait. */
  #hurry(by: string): void {
    this.#log.warn({ event: 'closed-hard', why: `${by} again` })
    this.#exit(1)
  }

  async #closeAndExit(withinMs: number): Promise<void> {
    const late = setTimeout(() => {
      const why = `closing took longer than ${withinMs} ms (bounded by WEIR_SHUTDOWN_TIMEOUT_MS)`
      this.#log.error({ event: 'closed-hard', why })
      this.#exit(1)
    }, withinMs)
    try {
      await this.#close()
    } catch (error) {
      this.#exitCode = 1
      this.#log.error({ event: 'close-failed', err: asError(error) })
    }
    clearTimeout(late)
    this.#log.info({ event: 'closed', exitCode: this.#exitCode })
    this.#exit(this.#exitCode)
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('something that is not an Error was thrown')
}
