import { createHash } from 'node:crypto'
import { z } from 'zod'

/** Committed offsets of a group without members are kept for 7 days by default (`offsets.retention.minutes`). */
export const PLAN_LASTS_MS = 3 * 24 * 3_600_000

const count = z.number().int().min(0)
/** Unix milliseconds that a Date can hold. */
const time = count.max(8.64e15)
const decided = z.strictObject({ granted: count, stripped: count, withheld: count })

/** What planning has found. For people: running it needs none of it. */
const foundSchema = z.strictObject({
  records: count,
  /** Records that can't be processed: quarantined when they came, passed over by the replay. */
  faulty: count,
  /** Keys and values of these records. */
  bytes: count,
  /** Expected time of the run. */
  seconds: z.number().min(0),
  /** Offsets of the range, and how many of them the audit records that `before` is from tell of. */
  offsets: count,
  auditedOffsets: count,
  outputs: z.array(
    z.strictObject({
      purpose: z.string(),
      /** Decided with today's consent and policies. */
      now: decided,
      /** Why records are not granted now: reason -> records. */
      reasons: z.record(z.string(), count),
      /** As the live run's audit records say that lie wholly in the range; null: there are none. */
      before: decided.nullable(),
    }),
  ),
})

const planFields = z.strictObject({
  version: z.literal(1),
  planId: z.uuid().lowercase(),
  createdAtMs: time,
  expiresAtMs: time,
  namespace: z.string(),
  stream: z.string().min(1),
  /** As it is called on the cluster. */
  rawTopic: z.string().min(1),
  /** 32 hex digits; another one when a topic is deleted and made again. */
  rawTopicId: z.string().regex(/^[0-9a-f]{32}$/),
  /** Offsets [from, to) of raw, ascending by partition. Empty ones are left out. */
  ranges: z
    .array(z.strictObject({ partition: count, from: count, to: count }).refine(({ from, to }) => from < to))
    .min(1)
    .refine((ranges) => ranges.every(({ partition }, i) => i === 0 || (ranges[i - 1]?.partition ?? 0) < partition)),
  /** Fingerprint of the contract folder, 64 hex digits. */
  contract: z.string().regex(/^[0-9a-f]{64}$/),
  /** A new topic each, or after what the live one has. */
  into: z.enum(['new', 'live']),
  /** Purposes replayed, in the order of the stream's outputs, each with its topic as it is called on the cluster. */
  outputs: z.array(z.strictObject({ purpose: z.string().min(1), topic: z.string().min(1) })).min(1),
  /** Most records a second of each process; null: as fast as it goes. */
  rate: z.number().positive().nullable(),
  found: foundSchema,
})

/** What the digest can't say, which anybody can compute: that the parts of a plan belong together. */
const planSchema = planFields
  .refine(({ createdAtMs, expiresAtMs }) => expiresAtMs <= createdAtMs + PLAN_LASTS_MS, {
    path: ['expiresAtMs'],
    error: 'later than a plan lasts',
  })
  .refine(({ outputs }) => areDistinct(outputs.map(({ purpose }) => purpose)), {
    path: ['outputs'],
    error: 'a purpose comes twice',
  })
  .refine(({ outputs }) => areDistinct(outputs.map(({ topic }) => topic)), {
    path: ['outputs'],
    error: 'a topic comes twice',
  })
  .refine(({ outputs, namespace }) => outputs.every(({ topic }) => topic.startsWith(namespace)), {
    path: ['outputs'],
    error: 'a topic of another namespace',
  })
  .refine(
    ({ outputs, into, planId }) => into === 'live' || outputs.every(({ topic }) => isReplayTopic(topic, planId)),
    {
      path: ['outputs'],
      error: "a topic that is not this plan's own",
    },
  )

function areDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length
}

function isReplayTopic(topic: string, planId: string): boolean {
  return topic.endsWith(replayTopic('', planId))
}

/** A replay as it was planned: which raw records, decided anew, go where. */
export type ReplayPlan = z.output<typeof planSchema>
export type PlanRange = ReplayPlan['ranges'][number]
export type DecidedCounts = z.output<typeof decided>
export type PlanFound = ReplayPlan['found']

/** The plan, or what is wrong with it, as paths without values. */
export function parsePlan(json: unknown): ReplayPlan | string[] {
  const parsed = planSchema.safeParse(json)
  if (parsed.success) return parsed.data
  return parsed.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
}

/** What a counting process has found. @throws ZodError */
export function parsePlanFound(json: unknown): PlanFound {
  return foundSchema.parse(json)
}

/** SHA-256 over the plan, 32 bytes: the same for equal plans, whatever order their keys were written in. */
export function planDigest(plan: ReplayPlan): Buffer {
  return createHash('sha256').update(canonicalJson(plan)).digest()
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** Topic that a replay makes for an output. @param liveTopic as it is called on the cluster */
export function replayTopic(liveTopic: string, planId: string): string {
  return `${liveTopic}.replay-${planId.slice(0, 8)}`
}

/** Group whose committed offsets say how far the replay is, with the namespace. Its processes' transactional ids begin with it. */
export function replayGroup({
  namespace,
  stream,
  planId,
}: Pick<ReplayPlan, 'namespace' | 'stream' | 'planId'>): string {
  return `${namespace}replay.${stream}.${planId}`
}

/** Offsets of the plan, over all partitions: at least as many as it has records. */
export function offsetsOf({ ranges }: Pick<ReplayPlan, 'ranges'>): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0)
}

/**
 * Offsets that lie behind the replay. @param committed next offset of each range, in their order; -1: none committed
 */
export function offsetsDone({ ranges }: Pick<ReplayPlan, 'ranges'>, committed: readonly number[]): number {
  return ranges.reduce((sum, { from, to }, i) => sum + Math.min(to, Math.max(from, committed[i] ?? -1)) - from, 0)
}
