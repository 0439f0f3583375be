import type { CheckedStream } from '@weir/test/check/contract-files.ts'
import type { DumpedRecord, Evidence } from '@weir/test/check/evidence.ts'
import { fetchSchemas } from '@weir/test/check/registry-schemas.ts'
import { dumpEach } from '@weir/test/support/foreign/foreign.ts'
import type { JudgeOrder } from './judge.ts'

/** Topics that hold consent; the checker reads two of them, the byte search all. */
export const CONSENT_TOPICS = ['consent.decisions', 'consent.state', 'consent.forget'] as const

/** Everything that the checker needs, read by Kafka's own Java client and from the registry. */
export async function collectEvidence(order: JudgeOrder, contract: CheckedStream): Promise<Evidence> {
  const topicName = (name: string) => order.namespace + name
  const cleanTopics = contract.outputs.map((output) => topicName(output.topic))
  const names = [contract.rawTopic, contract.quarantineTopic, ...CONSENT_TOPICS].map(topicName).concat(cleanTopics)
  const topics = new Map<string, DumpedRecord[]>(names.map((name) => [name, []]))
  await dumpEach(order.brokers, names, ({ topic, timestamp, ...record }) => {
    topics.get(topic)?.push({ ...record, timestampMs: timestamp })
  })
  const dumpedAtMs = Date.now()
  const withSchema = [topicName(contract.rawTopic), ...cleanTopics].flatMap((name) => topics.get(name) ?? [])
  return {
    contractsFolder: order.contractsFolder,
    stream: contract.name,
    rootKey: Buffer.from(order.rootKey),
    referenceKey: Buffer.from(order.referenceKey),
    topicName,
    topics,
    schemas: await fetchSchemas(order.registryUrl, withSchema),
    journal: order.journal,
    dumpedAtMs,
  }
}
