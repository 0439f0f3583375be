import type { Contracts } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { Registry } from './registry.ts'
import { subjectSpecs } from './subjects.ts'
import { topicSpecs } from './topics.ts'

export interface ApplyOptions {
  readonly kafka: Pick<Kafka, 'admin'>
  /** Ends where the Confluent API begins. */
  readonly registryUrl: string
  readonly contracts: Contracts
  readonly namespace: string
  readonly rawPartitions: number
  readonly log: ApplyLog
}

/** A pino logger, or anything like it. */
export interface ApplyLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** Names of topics and registry subjects, with the namespace. */
export interface Applied {
  readonly topics: Outcome
  readonly subjects: Outcome
}

export interface Outcome {
  readonly created: readonly string[]
  readonly changed: readonly string[]
  readonly same: readonly string[]
}

/**
 * Makes cluster and registry what the contracts say: topics with their settings, raw and clean schemas with their
 * compatibility. Does nothing to what already is so, and can be repeated after any failure. Topics come first, since
 * services take a registered schema as the sign that all is there.
 *
 * Throws RegistryError, or what the Kafka port throws.
 */
export async function applyContracts(options: ApplyOptions): Promise<Applied> {
  const { kafka, registryUrl, contracts, namespace, log } = options
  const topics = await kafka.admin.ensureTopics(topicSpecs(contracts, options))
  tell(log, 'topic', topics)
  const subjects = await applySubjects(new Registry(registryUrl), contracts, namespace)
  tell(log, 'subject', subjects)
  return { topics, subjects }
}

async function applySubjects(registry: Registry, contracts: Contracts, namespace: string): Promise<Outcome> {
  const outcome = { created: [] as string[], changed: [] as string[], same: [] as string[] }
  for (const spec of subjectSpecs(contracts, namespace)) {
    const has = await registry.has(spec)
    // Before the schema: the first one must already be held to it.
    if (!has.compatibility) await registry.setCompatibility(spec)
    if (!has.schema) await registry.register(spec)
    const list = !has.schema ? outcome.created : !has.compatibility ? outcome.changed : outcome.same
    list.push(spec.subject)
  }
  return outcome
}

function tell(log: ApplyLog, what: 'topic' | 'subject', outcome: Outcome): void {
  for (const did of ['created', 'changed', 'same'] as const) {
    for (const name of outcome[did]) log.info({ event: 'applied', what, name, did }, `${what} ${name}: ${did}`)
  }
}
