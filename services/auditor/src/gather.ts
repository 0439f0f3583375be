import { auditRecords, isJudged } from './audit-records.ts'
import { type Evidence, EvidenceError, type TopicLog } from './evidence.ts'
import type { Extent, LogReader } from './kafka/log-reader.ts'
import { Keys, rawRecordIn } from './keys.ts'
import type { Registry } from './registry.ts'
import { writtenTopics } from './topics.ts'
import type { Audited } from './workshop.ts'

export interface Sources {
  readonly reader: LogReader
  readonly registry: Registry
  readonly namespace: string
  readonly given: Pick<
    Evidence,
    'contracts' | 'rootKeys' | 'referenceKey' | 'commitBoundMs' | 'fromMs' | 'toMs' | 'purposes'
  >
}

/**
 * Reads a live system. Audit records come first and say what is judged; everything else is read after them, so what their
 * transactions wrote is all there; and then audit records once more, so that what was written meanwhile has its own.
 */
export async function gather({ reader, registry, namespace, given }: Sources): Promise<Evidence> {
  const auditTopic = `${namespace}weir.audit`
  const first = await must(reader, auditTopic)
  const auditEnds = first.partitions.map(({ end }) => end)
  const judged: Audited[] = []
  const keys = new Keys(given.rootKeys, given.referenceKey)
  for (const { audited } of auditRecords(first, keys))
    if (audited !== null && isJudged(audited, { ...given, auditEnds })) judged.push(audited)

  const ledger = await must(reader, `${namespace}consent.decisions`)
  const state = await must(reader, `${namespace}consent.state`)
  const topics = new Map<string, TopicLog>()
  for (const [topic, extents] of wanted(judged, writtenTopics({ ...given, audit: first }, judged))) {
    const log = await reader.read(topic, extents)
    if (log !== null) topics.set(topic, log)
  }
  const audit = await must(reader, auditTopic)
  const cleanTopics = new Set(judged.flatMap(({ chunk }) => chunk.outputs.map(({ topic }) => topic)))
  const cleanSchemas = await newestOf(registry, cleanTopics)
  const ids = new Set([...cleanSchemas.values(), ...schemaIds(topics, keys)])
  return {
    ...given,
    audit,
    auditEnds,
    ledger,
    state,
    topics,
    cleanSchemas,
    schemas: await schemasOf(registry, ids),
  }
}

async function must(reader: LogReader, topic: string): Promise<TopicLog> {
  const log = await reader.read(topic)
  if (log === null) throw new EvidenceError(`there is no topic ${topic} on this cluster`)
  return log
}

/** Topics to read, sources of rows only as far as their chunks reach; null: all of it. */
function wanted(
  judged: readonly Audited[],
  written: ReadonlyMap<string, unknown>,
): Map<string, ReadonlyMap<number, Extent> | null> {
  const topics = new Map<string, Map<number, Extent> | null>()
  // Whatever is written to is read whole, also where no audit record says that anything was.
  for (const topic of written.keys()) topics.set(topic, null)
  for (const { chunk } of judged) {
    const extents = topics.get(chunk.source) === undefined ? new Map<number, Extent>() : topics.get(chunk.source)
    if (extents === null || extents === undefined) continue
    topics.set(chunk.source, extents)
    for (const { partition, from, to } of chunk.ranges) {
      const known = extents.get(partition) ?? { from, to }
      extents.set(partition, { from: Math.min(known.from, from), to: Math.max(known.to, to) })
    }
  }
  return topics
}

async function newestOf(registry: Registry, topics: Iterable<string>): Promise<Map<string, number>> {
  const ids = new Map<string, number>()
  for (const topic of topics) {
    const id = await registry.newest(`${topic}-value`)
    if (id !== null) ids.set(topic, id)
  }
  return ids
}

/** What wire headers name, those inside of quarantine records too: a redrive reads them. */
function schemaIds(topics: ReadonlyMap<string, TopicLog>, keys: Keys): Set<number> {
  const ids = new Set<number>()
  for (const { topic, partitions } of topics.values()) {
    const isSealed = topic.endsWith('.quarantine')
    for (const { batches } of partitions) {
      for (const batch of batches) {
        for (const { value: stored } of batch.records()) {
          const value = isSealed ? sealedValue(keys.open(topic, stored)) : stored
          if (value !== null && value.length >= 5 && value[0] === 0) ids.add(value.readUInt32BE(1))
        }
      }
    }
  }
  return ids
}

function sealedValue(content: Buffer | 'no-key' | null): Buffer | null {
  return Buffer.isBuffer(content) ? rawRecordIn(content).value : null
}

async function schemasOf(registry: Registry, ids: Iterable<number>): Promise<Map<number, unknown>> {
  const schemas = new Map<number, unknown>()
  for (const id of ids) schemas.set(id, await registry.schema(id))
  return schemas
}
