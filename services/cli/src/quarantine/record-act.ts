import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { type Kafka, KafkaError } from '@weir/kafka'
import type { Sealer } from '@weir/pseudonym'
import { CliError, refusal, usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import type { Cluster } from '../replay/cluster.ts'
import { ACTS_TOPIC, type Act, encodeAct } from './act.ts'

const NONCE_BYTES = 12
const LONGEST_TEXT = 500

export interface WhoOptions {
  readonly role?: string
  readonly reason?: string
}

/** @throws CliError (usage) when one is missing: nothing that is recorded is done without */
export function whoAndWhy({ role, reason }: WhoOptions, what: string): { readonly role: string; readonly why: string } {
  const [who, why] = [role?.trim() ?? '', reason?.trim() ?? '']
  if (who === '' || why === '') {
    throw usageError(`${what} is recorded: say in which role and why, with --role <role> --reason <text>.`)
  }
  if (who.length > LONGEST_TEXT || why.length > LONGEST_TEXT) {
    throw usageError(`--role and --reason take at most ${LONGEST_TEXT} characters each.`)
  }
  return { role: who, why }
}

/**
 * Records an act before it is done, sealed. Resolves once all replicas in sync have it.
 * @param otherwise what does not happen if this rejects
 * @throws CliError
 */
export async function recordAct(
  { kafka, namespace }: Pick<Cluster, 'namespace'> & { readonly kafka: Pick<Kafka, 'topics' | 'appender'> },
  sealer: Sealer,
  act: Omit<Act, 'user' | 'host' | 'atMs'>,
  otherwise: string,
): Promise<void> {
  const topic = namespace + ACTS_TOPIC
  const whole: Act = { ...act, user: userInfo().username, host: hostname(), atMs: Date.now() }
  try {
    if ((await kafka.topics([topic])).length === 0) {
      throw refusal(`There is no topic ${topic} to record this in, so ${otherwise}. Run: weir contract apply --execute`)
    }
    const appender = await kafka.appender()
    try {
      const value = sealer.seal(topic, encodeAct(whole), randomBytes(NONCE_BYTES))
      await appender.append(topic, [{ key: null, value, partition: 0 }])
    } finally {
      await appender.close()
    }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    const message = `This can’t be recorded in ${topic}, so ${otherwise}: ${error.message}`
    throw new CliError('WEIR_CLI_UNREACHABLE', ExitCode.unreachable, message)
  }
}
