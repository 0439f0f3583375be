/** Lets one of several callers act at a time, in the order they asked: a batch, or a change of assignment. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(act, act)
    // A failed turn is its caller's to handle; the next one comes all the same.
    this.#last = mine.catch(() => {})
    return mine
  }
}
