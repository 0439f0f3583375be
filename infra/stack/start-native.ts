import { bringParts } from './bring-parts.ts'
import type { StackEnv } from './choose-way.ts'
import type { StackError } from './errors.ts'
import { Guarded } from './guarded.ts'
import { findJava } from './java.ts'
import { kafka } from './kafka.ts'
import { NativePart, type Part, type PartName, type ProcessName } from './part.ts'
import { findRedis, redis } from './redis.ts'
import { registry, registryPath } from './registry.ts'
import { toStandardError } from './say.ts'

/** Upper bound of the broker's heap: what a laptop with other work to do can spare. */
const KAFKA_HEAP_MB = 768

export interface NativeOptions {
  /** Which parts to start now; the others have their ports and wait for `parts.<name>.start()`. Default: all. */
  readonly start?: readonly PartName[]
  /** Broker settings beside or instead of the stack's own, in Kafka's names. */
  readonly kafkaConfig?: Readonly<Record<string, string | number | boolean>>
  /** More words for `kafka-storage format`, such as --feature or --add-scram. */
  readonly kafkaFormat?: readonly string[]
  /** Where Java, Maven and Redis are looked for. Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv
  /** Hears what is being done, a line at a time. Default: standard error. */
  readonly say?: (line: string) => void
}

/** A stack whose parts are processes of this machine. */
export interface NativeStack {
  readonly kind: 'native'
  readonly env: StackEnv
  readonly parts: Readonly<Record<PartName, Part>>
  /** Resolves when a part ends that nobody stopped. */
  readonly lost: Promise<StackError>
  /** Holds the parts' data and logs; gone with the stack. */
  readonly folder: string
  /** Ends all parts and removes their data; resolves when nothing is left. */
  stop(): Promise<void>
}

/**
 * Starts Kafka, Redis and the registry as processes, on free ports of 127.0.0.1, with their data in a folder of the
 * system's temporary folder. They vanish with this process, however it ends.
 *
 * @throws StackError if Java or Maven is missing, the parts can't be brought, or one does not start.
 */
export async function startNativeStack(options: NativeOptions = {}): Promise<NativeStack> {
  const { env = process.env, say = toStandardError } = options
  const java = await findJava(env)
  const guarded = await Guarded.open()
  try {
    const brought = await bringParts(guarded, env, say)
    const lost = Promise.withResolvers<StackError>()
    const make = (kind: ConstructorParameters<typeof NativePart>[0]): NativePart =>
      new NativePart(kind, guarded, lost.resolve)
    const parts = {
      kafka: make(
        kafka({
          java,
          classPath: brought.kafkaClassPath,
          config: options.kafkaConfig ?? {},
          format: options.kafkaFormat ?? [],
          heapMb: KAFKA_HEAP_MB,
          env,
        }),
      ),
      redis: make(redis({ binary: await findRedis(brought.redisFolder, env), env })),
      registry: make(registry({ java, jar: brought.registryJar, env })),
    }
    const since = performance.now()
    const started: readonly ProcessName[] = options.start ?? ['kafka', 'redis', 'registry']
    await Promise.all(
      Object.values(parts).map((part) => (started.includes(part.name) ? part.startOnAnyPorts() : part.choosePorts())),
    )
    say(`${started.join(', ') || 'nothing'} up after ${((performance.now() - since) / 1000).toFixed(1)} s`)
    return {
      kind: 'native',
      env: {
        KAFKA_BROKERS: `127.0.0.1:${parts.kafka.port}`,
        REDIS_URL: `redis://127.0.0.1:${parts.redis.port}`,
        SCHEMA_REGISTRY_URL: `http://127.0.0.1:${parts.registry.port}${registryPath}`,
      },
      parts,
      lost: lost.promise,
      folder: guarded.folder,
      stop: async () => {
        for (const part of Object.values(parts)) part.expectEnd()
        await guarded.finish()
      },
    }
  } catch (error) {
    await guarded.finish()
    throw error
  }
}
