/** A sleep that can be cut short, also just before it begins. */
export class Sleeper {
  #woken = false
  #wake: (() => void) | undefined

  async sleep(ms: number): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#woken = false
    this.#wake = undefined
  }

  wake(): void {
    this.#woken = true
    this.#wake?.()
  }
}
