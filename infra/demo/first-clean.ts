import type { Output, Stream } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { dump } from '@weir/test/support/foreign/foreign.ts'
import type { CleanRecord } from './show-event.ts'

const LOOK_MS = 20
const GIVE_UP_MS = 60_000

/** Resolves when the first record stands in some clean topic, for readers of committed records. */
export async function firstClean(
  kafka: Pick<Kafka, 'endOffsets' | 'topics'>,
  stream: Stream,
  topicName: (name: string) => string,
): Promise<void> {
  const infos = await kafka.topics(stream.outputs.map((output) => topicName(output.topic)))
  const partitions = infos.flatMap(({ topic, partitions: count }) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  )
  const until = performance.now() + GIVE_UP_MS
  while (performance.now() < until) {
    const ends = await kafka.endOffsets(partitions, 'stable')
    if (ends.some((end) => end > 0)) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  throw new Error(`No clean record came within ${GIVE_UP_MS / 1000} s of the first event.`)
}

/** The clean records of the one event that was published so far, by purpose, as Kafka's own Java client reads them. */
export async function cleanRecords(
  brokers: string,
  stream: Stream,
  topicName: (name: string) => string,
): Promise<(output: Output) => CleanRecord | null> {
  const found = await dump(
    brokers,
    stream.outputs.map((output) => topicName(output.topic)),
  )
  return (output) => {
    const record = found.find((one) => one.topic === topicName(output.topic))
    return record === undefined || record.value === null ? null : { key: record.key, value: record.value }
  }
}
