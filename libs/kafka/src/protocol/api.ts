import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/**
 * One request of the protocol and how its response is read. Layouts follow `common/message/*.json` inside Apache
 * Kafka's kafka-clients jar; one file each pair and version.
 */
export interface Api<Response> {
  readonly name: string
  readonly key: number
  readonly version: number
  write(writer: Writer): void
  read(reader: Reader): Response
}

/** Groups partitions by their topic, in the order in which topics first appear. */
export function byTopic<P extends { readonly topic: string }>(partitions: readonly P[]): [topic: string, of: P[]][] {
  const topics = new Map<string, P[]>()
  for (const partition of partitions) {
    const of = topics.get(partition.topic)
    if (of === undefined) topics.set(partition.topic, [partition])
    else of.push(partition)
  }
  return [...topics]
}
