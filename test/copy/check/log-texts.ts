import type { RecordText } from './compare.ts'

interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** A topic as texts to compare, partition by partition in log order. */
export class LogTexts {
  count = 0
  readonly #partitions: { lastOffset: number; readonly texts: RecordText[] }[]

  constructor(partitions: number) {
    this.#partitions = Array.from({ length: partitions }, () => ({ lastOffset: -1, texts: [] }))
  }

  of(partition: number): readonly RecordText[] {
    return this.#partitions[partition]?.texts ?? []
  }

  add({ partition, offset, timestamp, key, value }: ReadRecord): void {
    const log = this.#partitions[partition]
    if (log === undefined) throw new Error(`There is no partition ${partition}`)
    if (offset <= log.lastOffset)
      throw new Error(`Partition ${partition} gave offset ${offset} after ${log.lastOffset}`)
    log.lastOffset = offset
    log.texts.push(`${timestamp} ${key?.toString('base64') ?? '-'} ${value?.toString('base64') ?? '-'}`)
    this.count++
  }
}
