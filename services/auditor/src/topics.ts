import { readContract } from './contract/read-contract.ts'
import type { Evidence } from './evidence.ts'
import type { Audited } from './workshop.ts'

const AUDIT = 'weir.audit'

/** What stands before the names of all topics. */
export function namespaceOf({ audit }: Pick<Evidence, 'audit'>): string {
  return audit.topic.slice(0, audit.topic.length - AUDIT.length)
}

/** Where rows of a source go that can't be processed. */
export function quarantineOf(source: string): string {
  return `${source.replace(/\.(raw|quarantine)$/, '')}.quarantine`
}

/**
 * Topics that a sanitizer writes to, with their purpose (null: quarantine): those of the contracts, whatever audit records
 * say, and those that audit records name.
 */
export function writtenTopics(
  evidence: Pick<Evidence, 'audit' | 'contracts'>,
  chunks: readonly Pick<Audited, 'chunk'>[],
): Map<string, string | null> {
  const namespace = namespaceOf(evidence)
  const topics = new Map<string, string | null>()
  for (const folder of evidence.contracts.values()) {
    for (const { name, outputs } of readContract(folder).streams.values()) {
      topics.set(`${namespace}${name}.quarantine`, null)
      for (const { to, purpose } of outputs.values()) topics.set(`${namespace}${to}`, purpose)
    }
  }
  for (const { chunk } of chunks) {
    topics.set(quarantineOf(chunk.source), null)
    for (const { topic, purpose } of chunk.outputs) if (!topics.has(topic)) topics.set(topic, purpose)
  }
  return topics
}
