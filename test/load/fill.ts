import { CONSENT_PARTITIONS, encodeState } from '@weir/consent'
import { type Kafka, partitionOf, type RecordToAppend } from '@weir/kafka'
import { refOf, stateOf } from './subjects.ts'

const AT_ONCE = 4_000
/** Encoding takes longer than writing, and nothing here looks at what a state says: each is written for many. */
const DIFFERENT_STATES = 4_096
/** Appends on their way: below what an appender lets wait. */
const UNDER_WAY = 4

export interface Filled {
  readonly stateBytes: number
  readonly ms: number
}

/** Writes one state a subject into consent.state, each into the partition of its ref. One ref has one state. */
export async function fill(
  kafka: Kafka,
  topic: string,
  subjects: number,
  say: (line: string) => void,
): Promise<Filled> {
  const appender = await kafka.appender()
  const beganMs = performance.now()
  const values = Array.from({ length: DIFFERENT_STATES }, (_, n) => encodeState(stateOf(n, Date.now())))
  const underWay: Promise<unknown>[] = []
  let stateBytes = 0
  let toldMs = beganMs
  for (let first = 0; first < subjects; first += AT_ONCE) {
    const records: RecordToAppend[] = []
    for (let n = first; n < Math.min(first + AT_ONCE, subjects); n++) {
      const key = refOf(n)
      const value = values[n % DIFFERENT_STATES] ?? null
      stateBytes += value?.length ?? 0
      records.push({ partition: partitionOf(key, CONSENT_PARTITIONS), key, value })
    }
    underWay.push(appender.append(topic, records))
    if (underWay.length >= UNDER_WAY) await underWay.shift()
    if (performance.now() - toldMs > 5_000) {
      toldMs = performance.now()
      say(`${first} of ${subjects} states written`)
    }
  }
  await Promise.all(underWay)
  await appender.close()
  return { stateBytes, ms: performance.now() - beganMs }
}
