import { AUDIT_TOPIC } from '@weir/audit'
import type { Output, Purpose, Stream } from '@weir/contracts'
import { type Kafka, KafkaError } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { Clock, OutputPlan, OutputTopic } from './environment.ts'
import { planOutput } from './output-plan.ts'
import type { RegistryReader } from './registry.ts'

const RETRY_MS = 1_000

export interface OpenOutputs {
  readonly kafka: Kafka
  readonly registry: RegistryReader
  readonly stream: Stream
  /** All purposes of the contract: a policy may need others than its own. */
  readonly purposes: readonly Purpose[]
  /** Puts the namespace before a name of the contract. */
  readonly name: (plain: string) => string
  /** Where an output goes, as it is called on the cluster. Left out: the contract's topic. */
  readonly topicOf?: (output: Output) => string
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
  readonly signal: AbortSignal
}

export interface OpenedOutputs {
  readonly outputs: readonly OutputPlan[]
  readonly quarantine: OutputTopic
  readonly audit: OutputTopic
}

/**
 * What the cluster and the registry say of the stream's outputs. Only set-up creates topics and registers schemas, so
 * here we wait until it has: a service that comes up before its contract is applied is no fault.
 */
export async function openOutputs(parts: OpenOutputs): Promise<OpenedOutputs> {
  let said = ''
  while (!parts.signal.aborted) {
    const opened = await tryOpen(parts)
    if (typeof opened !== 'string') return opened
    if (opened !== said) parts.log.warn({ event: 'waiting', why: opened })
    said = opened
    await parts.clock.sleep(RETRY_MS, parts.signal)
  }
  throw new Error('asked to end before the outputs were there')
}

/** The outputs, or why they are not there yet and what to do. */
async function tryOpen(parts: OpenOutputs): Promise<OpenedOutputs | string> {
  try {
    return await open(parts)
  } catch (error) {
    if (error instanceof KafkaError) return `Kafka: ${error.message}`
    throw error
  }
}

async function open(parts: OpenOutputs): Promise<OpenedOutputs | string> {
  const { kafka, registry, stream, purposes, name } = parts
  const topicOf = parts.topicOf ?? (({ topic }) => name(topic))
  const wanted = [
    ...[AUDIT_TOPIC, stream.rawTopic, stream.quarantineTopic].map(name),
    ...stream.outputs.map((output) => topicOf(output)),
  ]
  const infos = new Map((await kafka.topics(wanted)).map((info) => [info.topic, info]))
  const missing = wanted.filter((topic) => !infos.has(topic))
  if (missing.length > 0) return `no topic ${missing.join(', ')} yet; apply the contract`

  const outputs: OutputPlan[] = []
  for (const output of stream.outputs) {
    const topic = topicOf(output)
    const subject = `${topic}-value`
    const schema = await registry.idOf(subject, output.cleanSchema)
    if (schema.kind === 'away') return 'the schema registry does not answer'
    if (schema.kind === 'absent') return `subject ${subject} has not the schema of this contract; apply the contract`
    const config = await kafka.admin.topicConfig(topic)
    const maxMessageBytes = Number(config['max.message.bytes'])
    outputs.push(
      planOutput(stream, purposes, output, {
        topic,
        partitions: partitionsOf(infos, topic),
        schemaId: schema.id,
        maxMessageBytes,
      }),
    )
  }
  const placed = (topic: string): OutputTopic => ({ topic, partitions: partitionsOf(infos, topic) })
  return { outputs, quarantine: placed(name(stream.quarantineTopic)), audit: placed(name(AUDIT_TOPIC)) }
}

function partitionsOf(infos: ReadonlyMap<string, { partitions: number }>, topic: string): number {
  return (infos.get(topic) as { partitions: number }).partitions
}
