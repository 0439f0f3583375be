import { chooseWay, type StackEnv } from './choose-way.ts'
import { type DockerStack, mayHaveDocker, startDockerStack } from './docker.ts'
import { StackError } from './errors.ts'
import { toStandardError } from './say.ts'
import { type NativeOptions, type NativeStack, startNativeStack } from './start-native.ts'

/** A stack that somebody else runs. */
export interface GivenStack {
  readonly kind: 'given'
  readonly env: StackEnv
  /** Does nothing: what is not ours keeps running. */
  stop(): Promise<void>
}

export type Stack = GivenStack | NativeStack | DockerStack

/**
 * Kafka, Redis and the schema registry, by whichever way this machine offers (see chooseWay); says which on standard
 * error. The options are for parts started here as processes; given ones are taken as they are. Processes come before
 * containers: they are up sooner, and tests can kill them one by one.
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
    case 'ours':
      say('no addresses given: starting Kafka, Redis and a schema registry as processes of this machine')
      return await startOurs({ ...options, env, say })
  }
}

async function startOurs(options: NativeOptions & Required<Pick<NativeOptions, 'env' | 'say'>>): Promise<Stack> {
  try {
    return await startNativeStack(options)
  } catch (error) {
    if (!isMissingJava(error) || !mayHaveDocker(options.env)) throw error
    options.say(`${error.message.split('\n', 1)[0]} Starting them as containers`)
    return await startDockerStack(options.say)
  }
}

function isMissingJava(error: unknown): error is StackError {
  return (
    error instanceof StackError &&
    (error.code === 'WEIR_STACK_JAVA_MISSING' || error.code === 'WEIR_STACK_MAVEN_MISSING')
  )
}
