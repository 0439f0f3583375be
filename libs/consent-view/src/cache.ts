import type { Redis } from 'ioredis'
import { withDeadline } from './deadline.ts'

/** Field of a partition's hash: its watermark, the position in `consent.state` up to which it holds everything. */
export const WATERMARK_FIELD = 'w'

/** Field of a partition's hash: id of the topic that it was loaded from, as 32 hex digits. */
export const TOPIC_ID_FIELD = 't'

/** Fields asked for in one HMGET at most: a longer one would keep Redis from its other clients. */
const MAX_FIELDS = 1_000

/** What one partition's hash said, at one moment. */
export interface CacheAnswer {
  /** null: no such field, or nothing that is a position. */
  readonly watermark: number | null
  readonly topicId: string | null
  /** One a field asked for, in their order. */
  readonly values: readonly (Buffer | null)[]
}

/** Redis key of a partition's hash. */
export function cacheKey(namespace: string, partition: number): string {
  return `${namespace}consent.state:${partition}`
}

/** The consent cache, read. States and watermark lie in one hash and come in one answer, so they belong together. */
export class ConsentCache {
  readonly #redis: Redis
  readonly #namespace: string
  readonly #deadlineMs: number

  constructor(redis: Redis, namespace: string, deadlineMs: number) {
    this.#redis = redis
    this.#namespace = namespace
    this.#deadlineMs = deadlineMs
  }

  /** Reads fields of a partition, at most MAX_FIELDS an answer. Rejects when Redis gives none in time. */
  read(partition: number, fields: readonly Buffer[]): Promise<CacheAnswer[]> {
    const answers: Promise<CacheAnswer>[] = []
    for (let from = 0; from === 0 || from < fields.length; from += MAX_FIELDS) {
      answers.push(this.#readSome(partition, fields.slice(from, from + MAX_FIELDS)))
    }
    return Promise.all(answers)
  }

  async #readSome(partition: number, fields: readonly Buffer[]): Promise<CacheAnswer> {
    const key = cacheKey(this.#namespace, partition)
    const asked = this.#redis.hmgetBuffer(key, WATERMARK_FIELD, TOPIC_ID_FIELD, ...fields)
    const [watermark, topicId, ...values] = await withDeadline(asked, this.#deadlineMs, 'the consent cache')
    return { watermark: position(watermark), topicId: topicId?.toString('latin1') ?? null, values }
  }
}

function position(bytes: Buffer | null | undefined): number | null {
  const text = bytes?.toString('latin1') ?? ''
  return /^\d{1,16}$/.test(text) ? Number(text) : null
}
