import { type Part, startKafkaCluster, startNativeStack } from '@weir/infra/stack/index.ts'
import { allInSync } from '../support/cluster.ts'

/** The brokers of a run, one or three, to be killed one at a time. */
export interface Brokers {
  readonly addresses: string
  readonly nodes: readonly Part[]
  /** Resolves when every replica of every partition is in sync again: then the next broker may go. */
  inSync(): Promise<void>
  stop(): Promise<void>
}

export async function startBrokers(count: 1 | 3): Promise<Brokers> {
  if (count === 3) {
    const cluster = await startKafkaCluster()
    const { brokers: addresses, nodes } = cluster
    return { addresses, nodes, inSync: () => allInSync(addresses), stop: () => cluster.stop() }
  }
  const stack = await startNativeStack({ start: ['kafka'] })
  const addresses = stack.env.KAFKA_BROKERS
  return { addresses, nodes: [stack.parts.kafka], inSync: () => allInSync(addresses), stop: () => stack.stop() }
}
