/** Compressed records that can't be had as they were. The message is what is wrong with the batch, in plain words. */
export class Inflation extends Error {
  override readonly name = 'Inflation'

  static damaged(codec: string, where: string): Inflation {
    return new Inflation(`its ${codec} stream is damaged (${where})`)
  }

  static tooLarge(codec: string, maxBytes: number): Inflation {
    return new Inflation(`its ${codec} stream grows beyond ${maxBytes} bytes, more than a batch may have`)
  }
}
