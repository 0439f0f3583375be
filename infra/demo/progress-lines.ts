/** Says how it goes at an interval, until it is stopped. */
export class ProgressLines {
  readonly #line: () => Promise<string>
  readonly #say: (line: string) => void
  #timer: NodeJS.Timeout | undefined

  constructor(line: () => Promise<string>, say: (line: string) => void) {
    this.#line = line
    this.#say = say
  }

  every(ms: number): void {
    this.stop()
    // A line that can't be had is no reason to end: a service that died is noticed by itself.
    this.#timer = setInterval(() => this.#line().then(this.#say, () => {}), ms)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
