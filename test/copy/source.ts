import type { RecordToProduce } from '../support/foreign/foreign.ts'
import { Random } from '../workload/random.ts'

const KEYS = 3_000
const FIRST_TIME_MS = Date.UTC(2026, 0, 1)

/** Records to be copied: no two alike, of several sizes, and the same again from the same seed. */
export function* sourceRecords(topic: string, count: number, seed: string): Generator<RecordToProduce> {
  const random = new Random(`${seed}/source`)
  for (let n = 0; n < count; n++) {
    yield {
      topic,
      timestamp: FIRST_TIME_MS + n,
      key: Buffer.from(`key ${random.below(KEYS)}`),
      value: Buffer.from(`record ${n} ${random.hex(16 + random.below(120))}`),
    }
  }
}
