import { chooseWay, type StackEnv } from './choose-way.ts'
import { toStandardError } from './say.ts'
import { type NativeOptions, type NativeStack, startNativeStack } from './start-native.ts'

/** A stack that somebody else runs. */
export interface GivenStack {
  readonly kind: 'given'
  readonly env: StackEnv
  /** Does nothing: what is not ours keeps running. */
  stop(): Promise<void>
}

export type Stack = GivenStack | NativeStack

/**
 * Kafka, Redis and the schema registry, by whichever way this machine offers (see chooseWay); says which on standard
 * error. The options are for parts started here; given ones are taken as they are.
 *
 * @throws StackError with the ways out in its message.
 */
export async function startStack(options: NativeOptions = {}): Promise<Stack> {
  const { env = process.env, say = toStandardError } = options
  const way = chooseWay(env)
  switch (way.kind) {
    case 'given':
      say('using the given KAFKA_BROKERS, REDIS_URL and SCHEMA_REGISTRY_URL')
      return { kind: 'given', env: way.env, stop: async () => {} }
    case 'native':
      say('no addresses given: starting Kafka, Redis and a schema registry as processes of this machine')
      return await startNativeStack({ ...options, env, say })
  }
}
