import type { Contracts } from '@weir/contracts'
import type { Kafka, TopicSpec } from '@weir/kafka'
import { Registry } from './registry.ts'
import { subjectSpecs } from './subjects.ts'
import { topicSpecs } from './topics.ts'

export interface PlanOptions {
  readonly kafka: Pick<Kafka, 'admin' | 'topics'>
  readonly registryUrl: string
  readonly contracts: Contracts
  readonly namespace: string
  readonly rawPartitions: number
}

export interface PlanLine {
  readonly what: 'topic' | 'subject'
  readonly name: string
  readonly does: 'create' | 'change' | 'nothing'
  /** Which settings change, and other remarks. */
  readonly detail: string
}

/** What `applyContracts` would do. Reads only. */
export async function planContracts(options: PlanOptions): Promise<PlanLine[]> {
  const lines: PlanLine[] = []
  const specs = topicSpecs(options.contracts, options)
  const there = new Map((await options.kafka.topics(specs.map((spec) => spec.topic))).map((info) => [info.topic, info]))
  for (const spec of specs) {
    const info = there.get(spec.topic)
    lines.push(info === undefined ? newTopic(spec) : await oldTopic(spec, info.partitions, options.kafka))
  }
  const registry = new Registry(options.registryUrl)
  for (const spec of subjectSpecs(options.contracts, options.namespace)) {
    const has = await registry.has(spec)
    const does = !has.schema ? 'create' : !has.compatibility ? 'change' : 'nothing'
    lines.push({ what: 'subject', name: spec.subject, does, detail: spec.compatibility })
  }
  return lines
}

function newTopic(spec: TopicSpec): PlanLine {
  return { what: 'topic', name: spec.topic, does: 'create', detail: `${spec.partitions} partitions` }
}

async function oldTopic(spec: TopicSpec, partitions: number, kafka: Pick<Kafka, 'admin'>): Promise<PlanLine> {
  const line = { what: 'topic', name: spec.topic } as const
  if (partitions !== spec.partitions) {
    return {
      ...line,
      does: 'change',
      detail: `has ${partitions} partitions instead of ${spec.partitions}: will be refused`,
    }
  }
  const config = await kafka.admin.topicConfig(spec.topic)
  const differ = Object.entries(spec.config).filter(([key, value]) => config[key] !== value)
  const detail = differ.map(([key, value]) => `${key}: ${config[key] ?? 'unset'} -> ${value}`).join(', ')
  return { ...line, does: differ.length > 0 ? 'change' : 'nothing', detail }
}
