import { type Part, startKafkaCluster, startNativeStack } from '@weir/infra/stack/index.ts'
import { allInSync } from '../support/cluster.ts'
import { forwardPort, type PortForward } from '../support/port-forward.ts'
import { Weir } from '../support/weir.ts'

/** What a run stands on: brokers, Redis behind an address that can move, registry, and a namespace with the contract. */
export interface Ground {
  readonly weir: Weir
  /** `host:port` of all brokers, separated by commas. */
  readonly brokers: string
  readonly nodes: readonly Part[]
  readonly redis: { readonly part: Part; readonly forward: PortForward }
  /** Resolves when every replica of every partition is in sync. */
  inSync(): Promise<void>
  close(): Promise<void>
}

export async function openGround(brokerCount: 1 | 3, rawPartitions: number): Promise<Ground> {
  const closing: (() => Promise<void>)[] = []
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step()
  }
  try {
    const starting = startNativeStack({
      start: brokerCount === 1 ? ['kafka', 'redis', 'registry'] : ['redis', 'registry'],
    })
    const clustering = brokerCount === 3 ? startKafkaCluster() : undefined
    // Both at once; what has started is ended also when the other one fails.
    const [started, clustered] = await Promise.allSettled([starting, clustering])
    if (started.status === 'fulfilled') closing.push(() => started.value.stop())
    if (clustered.status === 'fulfilled') closing.push(async () => clustered.value?.stop())
    const [stack, cluster] = [await starting, await clustering]
    const brokers = cluster?.brokers ?? stack.env.KAFKA_BROKERS
    const nodes = cluster?.nodes ?? [stack.parts.kafka]
    const { redis: part } = stack.parts
    const forward = await forwardPort(0, part.port)
    closing.push(() => forward.close())
    const env = { ...stack.env, KAFKA_BROKERS: brokers, REDIS_URL: `redis://127.0.0.1:${forward.port}` }
    const weir = new Weir({ stack: env, rawPartitions })
    closing.push(() => weir.close())
    await weir.apply()
    return { weir, brokers, nodes, redis: { part, forward }, inSync: () => allInSync(brokers), close }
  } catch (error) {
    await close()
    throw error
  }
}
