import { bringParts } from './bring-parts.ts'
import type { StackError } from './errors.ts'
import { Guarded } from './guarded.ts'
import { findJava } from './java.ts'
import { kafka, newClusterId } from './kafka.ts'
import { NativePart, type Part } from './part.ts'
import { toStandardError } from './say.ts'

/** Three of these on one machine. */
const BROKER_HEAP_MB = 320
const NODE_IDS = [1, 2, 3]

export interface ClusterOptions {
  /** Broker settings beside or instead of the cluster's own, in Kafka's names. */
  readonly kafkaConfig?: Readonly<Record<string, string | number | boolean>>
}

/** Three brokers, each of them a controller too; every topic has a replica on each. */
export interface KafkaCluster {
  /** As KAFKA_BROKERS: all three. */
  readonly brokers: string
  /** In the order of their node ids, which are 1, 2 and 3. */
  readonly nodes: readonly Part[]
  /** Resolves when a broker ends that nobody stopped. */
  readonly lost: Promise<StackError>
  /** Ends all three and removes their data; resolves when nothing is left. */
  stop(): Promise<void>
}

/**
 * Starts three brokers as processes of this machine, on free ports of 127.0.0.1, for what one broker can't show:
 * leaders and coordinators that move. They and their data vanish with this process, however it ends.
 *
 * @throws StackError if Java or Maven is missing, the parts can't be brought, or a broker does not start.
 */
export async function startKafkaCluster(options: ClusterOptions = {}): Promise<KafkaCluster> {
  const { env } = process
  const java = await findJava(env)
  const guarded = await Guarded.open()
  try {
    const { kafkaClassPath } = await bringParts(guarded, env, toStandardError)
    const lost = Promise.withResolvers<StackError>()
    const clusterId = newClusterId()
    const nodes: NativePart[] = NODE_IDS.map((id) => {
      const node = { id, clusterId, voters: () => votersOf(nodes) }
      const config = options.kafkaConfig ?? {}
      const kind = kafka({ java, classPath: kafkaClassPath, config, heapMb: BROKER_HEAP_MB, env, node })
      return new NativePart(kind, guarded, lost.resolve)
    })
    const since = performance.now()
    // Each must know the ports of all, so that none can change its own any more when it starts.
    await chooseDistinctPorts(nodes)
    await Promise.all(nodes.map((node) => node.start()))
    toStandardError(`three brokers up after ${((performance.now() - since) / 1000).toFixed(1)} s`)
    return {
      brokers: nodes.map((node) => `127.0.0.1:${node.port}`).join(','),
      nodes,
      lost: lost.promise,
      stop: async () => {
        for (const node of nodes) node.expectEnd()
        await guarded.finish()
      },
    }
  } catch (error) {
    await guarded.finish()
    throw error
  }
}

async function chooseDistinctPorts(nodes: readonly NativePart[]): Promise<void> {
  let ports: number[]
  do {
    for (const node of nodes) await node.choosePorts()
    ports = nodes.flatMap((node) => node.ports)
  } while (new Set(ports).size < ports.length)
}

/** The second port of a broker is its controller's. */
function votersOf(nodes: readonly NativePart[]): string {
  return nodes.map((node, i) => `${NODE_IDS[i]}@127.0.0.1:${node.ports[1]}`).join(',')
}
