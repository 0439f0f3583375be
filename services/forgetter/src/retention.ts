import { type Kafka, KafkaError } from '@weir/kafka'

/** How long the broker keeps things, by the settings that the topics have now. Milliseconds. */
export interface Retention {
  /** Within what time of an erasure each replica has rolled and compacted the old salt away. */
  readonly saltsWithinMs: number
  /** How long a file stays on disk after its records are gone from the log: of consent.state, and of the others. */
  readonly saltFilesMs: number
  readonly keptFilesMs: number
  /** How long what was written is kept in the topic that keeps longest; null: for good. */
  readonly sourceKeptMs: number | null
  readonly derivedKeptMs: number | null
}

/** Topics that delete by time, full names. */
export interface KeptTopics {
  /** Raw events, and forget orders. */
  readonly source: readonly string[]
  /** Sealed copies and records, which are made as long as there are raw events to make them from. */
  readonly derived: readonly string[]
}

interface Config {
  readonly topic: string
  readonly values: Readonly<Record<string, string>>
}

/** @throws KafkaError */
export async function readRetention(
  admin: Pick<Kafka['admin'], 'topicConfig'>,
  state: string,
  kept: KeptTopics,
): Promise<Retention> {
  const read = async (topic: string): Promise<Config> => ({ topic, values: await admin.topicConfig(topic) })
  const readAll = (topics: readonly string[]) => Promise.all(topics.map(read))
  const [ofState, source, derived] = await Promise.all([read(state), readAll(kept.source), readAll(kept.derived)])
  return {
    saltsWithinMs: setting(ofState, 'segment.ms') + setting(ofState, 'max.compaction.lag.ms'),
    saltFilesMs: setting(ofState, 'file.delete.delay.ms'),
    keptFilesMs: Math.max(...[...source, ...derived].map((config) => setting(config, 'file.delete.delay.ms'))),
    sourceKeptMs: longest(source.map(keptFor)),
    derivedKeptMs: longest(derived.map(keptFor)),
  }
}

/** Whole segments go, once the newest record in them is old enough. */
function keptFor(config: Config): number | null {
  const retentionMs = setting(config, 'retention.ms')
  return retentionMs < 0 ? null : retentionMs + setting(config, 'segment.ms')
}

function longest(times: readonly (number | null)[]): number | null {
  return times.reduce((most, time) => (most === null || time === null ? null : Math.max(most, time)), 0)
}

function setting({ topic, values }: Config, name: string): number {
  const value = Number(values[name] || Number.NaN)
  if (!Number.isFinite(value)) throw new KafkaError(`the broker does not tell ${name} of ${topic}`, false)
  return value
}
