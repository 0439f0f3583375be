import type { Contracts } from '@weir/contracts'
import type { Kafka, TopicSpec } from '@weir/kafka'
import type { Line, Plan } from './lines.ts'
import { Registry } from './registry.ts'
import { subjectSpecs } from './subjects.ts'
import { topicSpecs } from './topics.ts'

export interface PlanOptions {
  readonly kafka: Pick<Kafka, 'admin' | 'topics'>
  readonly registryUrl: string
  readonly contracts: Contracts
  readonly namespace: string
  readonly rawPartitions: number
  readonly isReplay?: boolean
}

/**
 * What `applyContracts` would do. Reads only, so that a registry's own refusal (an incompatible schema) is not in it: the
 * registry tells when the schema is registered.
 */
export async function planContracts(options: PlanOptions): Promise<Line<Plan>[]> {
  const lines: Line<Plan>[] = []
  const specs = topicSpecs(options.contracts, options)
  const there = new Map((await options.kafka.topics(specs.map((spec) => spec.topic))).map((info) => [info.topic, info]))
  for (const spec of specs) {
    const info = there.get(spec.topic)
    lines.push(info === undefined ? newTopic(spec) : await oldTopic(spec, info.partitions, options.kafka))
  }
  const registry = new Registry(options.registryUrl)
  for (const spec of subjectSpecs(options.contracts, options.namespace)) {
    const has = await registry.has(spec)
    const does = !has.subject ? 'create' : !has.schema ? 'new-version' : !has.compatibility ? 'change' : 'same'
    lines.push({ kind: 'subject', name: spec.subject, does, detail: spec.compatibility })
  }
  return lines
}

function newTopic(spec: TopicSpec): Line<Plan> {
  return { kind: 'topic', name: spec.topic, does: 'create', detail: `${spec.partitions} partitions` }
}

async function oldTopic(spec: TopicSpec, partitions: number, kafka: Pick<Kafka, 'admin'>): Promise<Line<Plan>> {
  const line = { kind: 'topic', name: spec.topic } as const
  if (partitions !== spec.partitions) {
    return {
      ...line,
      does: 'refuse',
      detail: `has ${partitions} partitions and must have ${spec.partitions}; move its records to a new topic, or delete it if it is empty`,
    }
  }
  const config = await kafka.admin.topicConfig(spec.topic)
  const differ = Object.entries(spec.config).filter(([key, value]) => config[key] !== value)
  const detail = differ.map(([key, value]) => `${key}: ${config[key] ?? 'unset'} -> ${value}`).join(', ')
  return { ...line, does: differ.length > 0 ? 'change' : 'same', detail }
}
