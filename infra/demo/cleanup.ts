/** What is to be undone at the end, last first. One that fails does not keep the others from being undone. */
export class Cleanup {
  readonly #undo: { readonly what: string; readonly run: () => Promise<void> | void }[] = []

  add(what: string, run: () => Promise<void> | void): void {
    this.#undo.push({ what, run })
  }

  async run(say: (line: string) => void): Promise<void> {
    for (let last = this.#undo.pop(); last !== undefined; last = this.#undo.pop()) {
      try {
        await last.run()
      } catch (error) {
        say(`While cleaning up (${last.what}): ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}
