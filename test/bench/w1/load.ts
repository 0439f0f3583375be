import type { Appender, Kafka, RecordToAppend } from '@weir/kafka'
import { partitionOf } from '@weir/kafka'
import { eventEncoder } from '../../workload/wire.ts'
import { W1Events } from './events.ts'

/** As the workload says. */
export const W1_PARTITIONS = 4
const APPENDED_AT_ONCE = 2_000

export interface W1Load {
  readonly topic: string
  readonly events: number
  readonly seed: number
  readonly nowMs: number
  /** Parsed JSON. */
  readonly rawSchema: unknown
  /** As the registry has it; nobody looks it up in a plain copy. Default 1. */
  readonly schemaId?: number
}

/** Makes the raw topic and fills it. Returns the mean size of a value in bytes. */
export async function loadW1(kafka: Kafka, load: W1Load): Promise<number> {
  const config = { 'retention.ms': '-1', 'retention.bytes': '-1', 'compression.type': 'producer' }
  await kafka.admin.ensureTopics([{ topic: load.topic, partitions: W1_PARTITIONS, config }])
  const appender = await kafka.appender()
  try {
    return (await appendAll(appender, load)) / load.events
  } finally {
    await appender.close()
  }
}

async function appendAll(
  appender: Appender,
  { topic, events, seed, nowMs, rawSchema, schemaId = 1 }: W1Load,
): Promise<number> {
  const source = new W1Events(seed, nowMs)
  const encoder = eventEncoder(rawSchema, schemaId)
  let bytes = 0
  for (let left = events; left > 0; left -= APPENDED_AT_ONCE) {
    const records = Array.from({ length: Math.min(left, APPENDED_AT_ONCE) }, (): RecordToAppend => {
      const event = source.next()
      const key = Buffer.from(event.subjectId)
      const value = encoder.encode(event)
      bytes += value.length
      return { key, value, partition: partitionOf(key, W1_PARTITIONS) }
    })
    await appender.append(topic, records)
  }
  return bytes
}
