import type { Found } from './found.ts'
import type { Row } from './rows.ts'

interface Last {
  readonly source: number
  readonly offset: number
  readonly cleanPartition: number
  readonly cleanOffset: number
}

/** Whether records of one key follow each other as their events do, over all chunks of one kind. */
export class KeyOrder {
  readonly #last = new Map<string, Last>()

  /** False: this one and the one seen before stand the wrong way round. Chunks may come in any order. */
  follows(topic: string, key: Buffer, { raw }: Row, { partition, record }: Found): boolean {
    const name = `${topic} ${key.toString('latin1')}`
    const last = this.#last.get(name)
    const now = { source: raw.partition, offset: raw.offset, cleanPartition: partition, cleanOffset: record.offset }
    this.#last.set(name, now)
    if (last === undefined || last.source !== now.source || last.cleanPartition !== partition) return true
    return last.offset < now.offset === last.cleanOffset < now.cleanOffset
  }
}
