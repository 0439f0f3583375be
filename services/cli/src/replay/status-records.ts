import { aliasKey, type PlanStatus, planDigest, type ReplayPlan, readTopics, writeTopicsRecord } from '@weir/replay'
import { refusal } from '../errors.ts'
import type { Cluster } from './cluster.ts'

/** Writes down what a plan has come to. */
export async function writeStatus(
  { kafka, namespace }: Cluster,
  plan: ReplayPlan,
  status: PlanStatus['status'],
  offsets: number,
): Promise<void> {
  const { planId, stream } = plan
  const record = { planId, stream, digest: planDigest(plan), status, atMs: Date.now(), offsets }
  await writeTopicsRecord(kafka, namespace, { kind: 'plan', plan: record })
}

/** An alias that a switch would write. */
export interface AliasChange {
  readonly purpose: string
  readonly topic: string
  /** What the alias says now; null: nothing, so the topic of the contract is the current one. */
  readonly before: string | null
}

/**
 * @param topics by purpose the topic that shall be the current one
 * @throws CliError (refused) when one is not there
 */
export async function aliasChanges(
  { kafka, namespace }: Cluster,
  stream: string,
  topics: readonly { readonly purpose: string; readonly topic: string }[],
): Promise<AliasChange[]> {
  const found = new Set((await kafka.topics(topics.map(({ topic }) => topic))).map(({ topic }) => topic))
  const gone = topics.find(({ topic }) => !found.has(topic))
  if (gone !== undefined) throw refusal(`There is no topic ${gone.topic} any more, so no consumer is sent to it.`)
  const { aliases } = await readTopics(kafka, namespace)
  return topics
    .map(({ purpose, topic }) => ({
      purpose,
      topic,
      before: aliases.get(aliasKey({ stream, purpose }))?.topic ?? null,
    }))
    .filter(({ topic, before }) => topic !== before)
}

/** @param planId the replay that made the topics; null: they are the live ones */
export async function writeAliases(
  { kafka, namespace }: Cluster,
  stream: string,
  changes: readonly AliasChange[],
  planId: string | null,
): Promise<void> {
  for (const { purpose, topic } of changes) {
    const alias = { stream, purpose, topic, sinceMs: Date.now(), planId }
    await writeTopicsRecord(kafka, namespace, { kind: 'alias', alias })
  }
}
