import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { StackError } from './errors.ts'

const oldestJava = 17

const waysOut = [
  'Ways out:',
  `  - install a Java runtime, ${oldestJava} or newer, and Maven, 3.8 or newer (Debian, Ubuntu: apt install openjdk-17-jre-headless maven; macOS: brew install openjdk@17 maven)`,
  '  - or run a Docker engine with its compose plugin (this way has not been tested)',
  '  - or use parts that already run: set KAFKA_BROKERS, REDIS_URL and SCHEMA_REGISTRY_URL',
].join('\n')

/**
 * The command that starts Java: the one of JAVA_HOME if that is set, as Maven has it, else the one on the PATH.
 *
 * @throws StackError WEIR_STACK_JAVA_MISSING if there is none, or it is older than the broker needs.
 */
export async function findJava(env: NodeJS.ProcessEnv): Promise<string> {
  const java = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java'
  const told = await firstWords(java, ['-version'], env)
  const where = env.JAVA_HOME ? `at JAVA_HOME (${env.JAVA_HOME})` : 'on the PATH'
  if (told === null) {
    throw new StackError(
      'WEIR_STACK_JAVA_MISSING',
      `Kafka and the schema registry need Java, and none answers ${where}.\n${waysOut}`,
    )
  }
  // Java 8 calls itself 1.8, all later ones by their number.
  const version = /version "(?:1\.)?(\d+)/.exec(told)?.[1]
  if (version === undefined || Number(version) < oldestJava) {
    throw new StackError(
      'WEIR_STACK_JAVA_MISSING',
      `Kafka needs Java ${oldestJava} or newer; the one ${where} is ${version ?? 'of an unknown version'}.\n${waysOut}`,
    )
  }
  return java
}

/**
 * The command that starts Maven, which is needed once, to bring the parts.
 *
 * @throws StackError WEIR_STACK_MAVEN_MISSING if there is none.
 */
export async function findMaven(env: NodeJS.ProcessEnv): Promise<string> {
  const told = await firstWords('mvn', ['-version'], env)
  if (told === null) {
    throw new StackError(
      'WEIR_STACK_MAVEN_MISSING',
      `Kafka and the schema registry are brought by Maven, once, and no mvn answers on the PATH.\n${waysOut}`,
    )
  }
  return 'mvn'
}

/** What a command says, or null if it can't be run or fails. */
function firstWords(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(command, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve(error ? null : `${stdout}${stderr}`)
    })
  })
}
