import { randomBytes } from 'node:crypto'
import { connectKafka, type Kafka } from '@weir/kafka'
import { applyContracts } from '../kafka/apply.ts'
import { type StackEnv, startStack } from '../stack/index.ts'
import type { Cleanup } from './cleanup.ts'
import { type DataFolder, makeDataFolder } from './data-folder.ts'
import { leaveNoTrace } from './leave-no-trace.ts'
import type { Prepared } from './prepare.ts'

/** Kafka, Redis and registry, with the contract's topics and schemas on them. */
export interface Ground {
  readonly env: StackEnv
  readonly kafka: Kafka
  readonly data: DataFolder
  readonly namespace: string
  readonly topicName: (name: string) => string
  /** Rejects when a part of our own stack ends. */
  readonly lost: Promise<never>
}

const RAW_PARTITIONS = 4

/** A stack that somebody else runs is shared: all of this run stands under a namespace of its own and is taken off. */
export async function layGround(prepared: Prepared, cleanup: Cleanup, say: (line: string) => void): Promise<Ground> {
  const stack = await startStack({ say })
  cleanup.add('stack', () => stack.stop())
  const native = stack.kind === 'native'
  const data = makeDataFolder(native ? stack.folder : null)
  cleanup.add('data folder', () => data.remove())
  // Also when the process ends by an error that nobody caught: keys are in it.
  process.once('exit', () => data.remove())
  const namespace = native ? '' : `demo-${randomBytes(4).toString('hex')}.`
  const kafka = await connectKafka({ brokers: stack.env.KAFKA_BROKERS.split(','), clientId: 'weir-demo' })
  cleanup.add('Kafka connections', () => kafka.close())
  if (!native) cleanup.add('topics', () => leaveNoTrace(kafka, stack.env, prepared.contracts, namespace))
  const applied = await applyContracts({
    kafka,
    registryUrl: stack.env.SCHEMA_REGISTRY_URL,
    contracts: prepared.contracts,
    namespace,
    rawPartitions: RAW_PARTITIONS,
    log: { info: () => {} },
  })
  const { topics, subjects } = applied
  say(`contract applied: ${topics.created.length} topics and ${subjects.created.length} schemas created`)
  const lost = native ? stack.lost.then((error) => Promise.reject(error)) : new Promise<never>(() => {})
  lost.catch(() => {})
  return { env: stack.env, kafka, data, namespace, topicName: (name) => namespace + name, lost }
}
