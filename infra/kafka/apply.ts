import type { Contracts } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import type { Did } from './lines.ts'
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
  readonly isReplay?: boolean
  readonly log: ApplyLog
}

/** What is logged of each topic and subject. */
export interface AppliedFields {
  readonly event: 'applied'
  readonly kind: 'topic' | 'subject'
  readonly name: string
  readonly does: Did
}

/** A pino logger, or anything like it. */
export interface ApplyLog {
  info(fields: AppliedFields, message: string): void
}

/** Names of topics and registry subjects, with the namespace. */
export interface Applied {
  readonly topics: Outcome
  readonly subjects: SubjectOutcome
}

export interface Outcome {
  readonly created: readonly string[]
  readonly changed: readonly string[]
  readonly same: readonly string[]
}

export interface SubjectOutcome extends Outcome {
  /** Subjects that had other versions before. */
  readonly newVersion: readonly string[]
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
  tell(log, 'topic', topics, [])
  const subjects = await applySubjects(new Registry(registryUrl), contracts, namespace)
  tell(log, 'subject', subjects, subjects.newVersion)
  return { topics, subjects }
}

async function applySubjects(registry: Registry, contracts: Contracts, namespace: string): Promise<SubjectOutcome> {
  const outcome = { created: [] as string[], newVersion: [] as string[], changed: [] as string[], same: [] as string[] }
  for (const spec of subjectSpecs(contracts, namespace)) {
    const has = await registry.has(spec)
    // Before the schema: the first one must already be held to it.
    if (!has.compatibility) await registry.setCompatibility(spec)
    if (!has.schema) await registry.register(spec)
    const did = !has.subject ? 'created' : !has.schema ? 'newVersion' : !has.compatibility ? 'changed' : 'same'
    outcome[did].push(spec.subject)
  }
  return outcome
}

function tell(log: ApplyLog, kind: 'topic' | 'subject', outcome: Outcome, newVersion: readonly string[]): void {
  const say = (does: Did, names: readonly string[]) => {
    for (const name of names) log.info({ event: 'applied', kind, name, does }, `${kind} ${name}: ${does}`)
  }
  say('created', outcome.created)
  say('new-version', newVersion)
  say('changed', outcome.changed)
  say('same', outcome.same)
}
