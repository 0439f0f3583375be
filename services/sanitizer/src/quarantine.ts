import { BatchBuilder, type FinishedBatch, type Rows } from '@weir/kafka'
import { padded } from '@weir/pseudonym'
import type { Environment } from './environment.ts'
import { FAULT_WORDS } from './faults.ts'

const NONCE_BYTES = 12
const STAGE = 'TRANSFORMATION'
/** A raw record of the largest size that its topic takes, padded to the next power of two and sealed, still fits. */
const MAX_SEALED_BYTES = 4 * 1024 * 1024

/** Records that can't be processed, sealed whole; headers say why in the names that Kafka Connect uses. */
export class QuarantineRecords {
  readonly #env: Environment
  readonly #builders = new Map<number, BatchBuilder>()

  constructor(env: Environment) {
    this.#env = env
  }

  add(rows: Rows, row: number, fault: number): void {
    const { topic, partitions } = this.#env.quarantine
    const { code, words } = FAULT_WORDS[fault] as { code: string; words: string }
    const partition = this.#env.random.below(partitions)
    const builder = this.#builders.get(partition) ?? new BatchBuilder(topic, partition, MAX_SEALED_BYTES)
    this.#builders.set(partition, builder)
    const sealed = this.#env.sealer.seal(topic, padded(rawRecord(rows, row)), this.#env.random.bytes(NONCE_BYTES))
    builder.append(this.#env.clock.nowMs(), null, sealed, [
      ['__connect.errors.topic', Buffer.from(this.#env.rawTopic)],
      ['__connect.errors.partition', Buffer.from(String(rows.partition[row]))],
      ['__connect.errors.offset', Buffer.from(String(rows.offset[row]))],
      ['__connect.errors.stage', Buffer.from(STAGE)],
      ['__connect.errors.exception.class.name', Buffer.from(code)],
      ['__connect.errors.exception.message', Buffer.from(words)],
    ])
  }

  finish(): FinishedBatch[] {
    return [...this.#builders.values()].flatMap((builder) => builder.finish())
  }
}

/** Key and value, each behind its length as 4 bytes big-endian (ffffffff: null), then the append time as 8 bytes. */
function rawRecord(rows: Rows, row: number): Buffer {
  const source = rows.source[row] as Buffer
  const key = slice(source, rows.keyStart[row] as number, rows.keyEnd[row] as number)
  const value = slice(source, rows.valueStart[row] as number, rows.valueEnd[row] as number)
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(BigInt(rows.timestampMs[row] as number))
  return Buffer.concat([length(key), key ?? EMPTY, length(value), value ?? EMPTY, time])
}

const EMPTY = Buffer.alloc(0)

function slice(source: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : source.subarray(start, end)
}

function length(part: Buffer | null): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(part === null ? 0xffffffff : part.length)
  return bytes
}
