import { AUDIT_TOPIC } from '@weir/audit'
import { CONSENT_PARTITIONS } from '@weir/consent'
import type { Contracts, Output, Stream } from '@weir/contracts'
import type { TopicSpec } from '@weir/kafka'

export interface TopicOptions {
  /** Put before every name, as it is. */
  readonly namespace: string
  /** Partitions of `<stream>.raw`, and of what is made from it. */
  readonly rawPartitions: number
  /** The outputs are those of a replay: its people are forgotten by the orders that stand beside the live topics. */
  readonly isReplay?: boolean
}

export const DEFAULT_RAW_PARTITIONS = 4

/** Kafka's own default, said outright: what is sealed for quarantine is bounded by it. */
const MAX_RAW_BYTES = 1_048_588

/** Room for what the sanitizer seals at most (4 MiB) and the batch around it. */
const MAX_QUARANTINED_BYTES = 5 * 1024 * 1024

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/**
 * How long events wait to be processed, orders to be forwarded, and bad records to be looked at: long enough for a
 * weekend with the pager lost, short enough that nobody takes these topics for an archive.
 */
const SHORT_MS = 7 * DAY_MS

const ACTS_MS = 365 * DAY_MS

/**
 * The topics of Weir, with their settings. Replication is the broker's default, and so is min.insync.replicas, since only who
 * runs the cluster knows how many brokers it has.
 */
export function topicSpecs(contracts: Contracts, options: TopicOptions): TopicSpec[] {
  const specs = [
    ...consentTopics(),
    auditTopic(options),
    ...contracts.streams.flatMap((stream) => streamTopics(stream, options)),
  ]
  return specs.map((spec) => ({ ...spec, topic: options.namespace + spec.topic }))
}

function consentTopics(): TopicSpec[] {
  return [
    {
      // The record of what people decided. Each decision has a key of its own, so compaction only takes old ticks away.
      // It is left to the broker's own pace: every pass copies the whole ledger, and old ticks harm nobody.
      topic: 'consent.decisions',
      partitions: CONSENT_PARTITIONS,
      config: { ...SAFE, ...STAMPED_BY_BROKER, 'cleanup.policy': 'compact', 'segment.ms': String(DAY_MS) },
    },
    {
      // Holds salts. Ending a grant must take its salt off the disk within a stated time: segments roll each hour (the
      // ticks make sure that something arrives to roll them) and no superseded record waits longer than an hour more.
      topic: 'consent.state',
      partitions: CONSENT_PARTITIONS,
      config: {
        ...SAFE,
        ...STAMPED_BY_BROKER,
        'cleanup.policy': 'compact',
        'segment.ms': String(HOUR_MS),
        'min.compaction.lag.ms': '0',
        'max.compaction.lag.ms': String(HOUR_MS),
      },
    },
    // Written in one transaction with the state, beside which it has its partitions.
    {
      topic: 'consent.forget',
      partitions: CONSENT_PARTITIONS,
      config: { ...SAFE, ...STAMPED_BY_WRITER, ...kept(SHORT_MS) },
    },
    // What people did to data by hand (looked at, deleted, sent again), sealed: a year, so that somebody can look back.
    {
      topic: 'weir.acts',
      partitions: 1,
      config: { ...SAFE, ...STAMPED_BY_BROKER, ...kept(ACTS_MS) },
    },
    // Replays and what became of them, and which topic is the current one of a purpose: a few records, kept for good.
    {
      topic: 'weir.topics',
      partitions: 1,
      config: { ...SAFE, ...STAMPED_BY_BROKER, 'cleanup.policy': 'compact', 'segment.ms': String(DAY_MS) },
    },
  ]
}

function streamTopics(stream: Stream, { rawPartitions, isReplay = false }: TopicOptions): TopicSpec[] {
  return [
    {
      // The broker's time bounds what a producer may claim of an event's time, and dates it against decisions.
      topic: stream.rawTopic,
      // It also undoes a producer's compression: `max.message.bytes` bounds batches as they come, so that one of a few
      // kilobytes could hold a record that is too large for quarantine.
      partitions: rawPartitions,
      config: {
        ...SAFE,
        ...STAMPED_BY_BROKER,
        ...kept(SHORT_MS),
        'compression.type': 'uncompressed',
        'max.message.bytes': String(MAX_RAW_BYTES),
      },
    },
    {
      topic: stream.quarantineTopic,
      partitions: rawPartitions,
      // A raw record of the largest size, padded to a power of two and sealed, must fit: else it would stop the stream.
      config: {
        ...SAFE,
        ...STAMPED_BY_WRITER,
        ...kept(SHORT_MS),
        'max.message.bytes': String(MAX_QUARANTINED_BYTES),
      },
    },
    ...stream.outputs.flatMap((output) => [
      cleanTopic(output, rawPartitions),
      ...(isReplay ? [] : [forgetTopic(output, rawPartitions)]),
    ]),
  ]
}

function cleanTopic(output: Output, partitions: number): TopicSpec {
  // The time of a clean record is the event's, as coarse as the purpose may see it: the writer's, never the broker's.
  return { topic: output.topic, partitions, config: { ...SAFE, ...STAMPED_BY_WRITER, ...kept(output.retentionMs) } }
}

/**
 * Pseudonyms to be dropped downstream, for good: one never comes back, so neither does an order end. Written with the day
 * as their time, since a finer one would tell whose pseudonyms of several purposes belong together.
 */
function forgetTopic(output: Output, partitions: number): TopicSpec {
  const config = { ...SAFE, ...STAMPED_BY_WRITER, 'cleanup.policy': 'compact', 'segment.ms': String(DAY_MS) }
  return { topic: `${output.topic}.forget`, partitions, config }
}

/** As long as raw: without the raw records there is little left to check. */
function auditTopic({ rawPartitions }: TopicOptions): TopicSpec {
  return { topic: AUDIT_TOPIC, partitions: rawPartitions, config: { ...SAFE, ...STAMPED_BY_BROKER, ...kept(SHORT_MS) } }
}

/** A replica that lacks acknowledged records must never lead: it would bring withdrawn consent and lost events. */
const SAFE = { 'unclean.leader.election.enable': 'false' } as const

/** Said outright, since a broker's own default may be the other one. */
const STAMPED_BY_BROKER = { 'message.timestamp.type': 'LogAppendTime' } as const
const STAMPED_BY_WRITER = { 'message.timestamp.type': 'CreateTime' } as const

/**
 * Kafka deletes whole segments, and never the one it writes to: with its default (a segment a week) data would outlive
 * a retention by a week. With a tenth of the retention, at least an hour and at most a day, it outlives it by no more.
 */
function kept(retentionMs: number): Record<string, string> {
  const segmentMs = Math.min(DAY_MS, Math.max(HOUR_MS, Math.floor(retentionMs / 10)))
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    'retention.bytes': '-1',
    'segment.ms': String(segmentMs),
  }
}
