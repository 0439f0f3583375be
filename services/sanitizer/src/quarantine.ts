import { BatchBuilder, type FinishedBatch, type Rows } from '@weir/kafka'
import { labelHeaders, type RawRecord, sealRawRecord } from '@weir/quarantine'
import type { Environment, OutputTopic } from './environment.ts'
import { FAULT_WORDS } from './faults.ts'

const NONCE_BYTES = 12
/** A raw record of the largest size that its topic takes, padded to the next power of two and sealed, still fits. */
const MAX_SEALED_BYTES = 4 * 1024 * 1024

/** Records that can't be processed, sealed whole; headers say why in the names that Kafka Connect uses. */
export class QuarantineRecords {
  readonly #env: Environment
  readonly #to: OutputTopic
  readonly #builders = new Map<number, BatchBuilder>()

  constructor(env: Environment, to: OutputTopic) {
    this.#env = env
    this.#to = to
  }

  add(rows: Rows, row: number, fault: number): void {
    const { topic, partitions } = this.#to
    const { code, words } = FAULT_WORDS[fault] as { code: string; words: string }
    const partition = this.#env.random.below(partitions)
    const builder = this.#builders.get(partition) ?? new BatchBuilder(topic, partition, MAX_SEALED_BYTES)
    this.#builders.set(partition, builder)
    const sealed = sealRawRecord(this.#env.sealer, topic, rawRecord(rows, row), this.#env.random.bytes(NONCE_BYTES))
    const label = {
      rawTopic: this.#env.rawTopic,
      rawPartition: rows.partition[row] as number,
      rawOffset: rows.offset[row] as number,
      code,
      words,
    }
    builder.append(this.#env.clock.nowMs(), null, sealed, labelHeaders(label))
  }

  finish(): FinishedBatch[] {
    return [...this.#builders.values()].flatMap((builder) => builder.finish())
  }
}

function rawRecord(rows: Rows, row: number): RawRecord {
  const source = rows.source[row] as Buffer
  return {
    key: slice(source, rows.keyStart[row] as number, rows.keyEnd[row] as number),
    value: slice(source, rows.valueStart[row] as number, rows.valueEnd[row] as number),
    appendTimeMs: rows.timestampMs[row] as number,
  }
}

function slice(source: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : source.subarray(start, end)
}
