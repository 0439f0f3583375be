import { cacheKey, REDIS_COMMAND_TIMEOUT_MS, TOPIC_ID_FIELD, WATERMARK_FIELD, withDeadline } from '@weir/consent-view'
import type { Redis } from 'ioredis'
import { APPLY, BEGIN } from './loader-scripts.ts'

/** What is stored of a partition; empty texts where there is nothing. */
export interface Stored {
  readonly watermark: string
  readonly topicId: string
}

const DEADLINE_MS = REDIS_COMMAND_TIMEOUT_MS + 100

/** The consent cache, written. After any rejection it is not known what was done: read again what is stored. */
export class CacheWriter {
  readonly #redis: Redis
  readonly #namespace: string

  constructor(redis: Redis, namespace: string) {
    this.#redis = redis
    this.#namespace = namespace
  }

  async stored(partition: number): Promise<Stored> {
    const read = this.#redis.hmget(cacheKey(this.#namespace, partition), WATERMARK_FIELD, TOPIC_ID_FIELD)
    const [watermark, topicId] = await withDeadline(read, DEADLINE_MS, 'the consent cache')
    return { watermark: watermark ?? '', topicId: topicId ?? '' }
  }

  /** Begins the partition's hash anew at `position`; false when something else is stored by now than was seen. */
  begin(partition: number, seen: Stored, position: number, topicId: string): Promise<boolean> {
    return this.#run(BEGIN, partition, [seen.watermark, seen.topicId, String(position), topicId])
  }

  /** Applies a run of records from `from` to `to`; false when the stored watermark is another. */
  apply(
    partition: number,
    topicId: string,
    from: number,
    to: number,
    states: ReadonlyMap<string, Buffer>,
  ): Promise<boolean> {
    const args: (string | Buffer)[] = [String(from), topicId, String(to)]
    for (const [key, state] of states) args.push(Buffer.from(key, 'latin1'), state)
    return this.#run(APPLY, partition, args)
  }

  /** Whether Redis would throw something away when it is full; null when it would not. */
  async wouldEvict(): Promise<string | null> {
    const info = await withDeadline(this.#redis.info('memory'), DEADLINE_MS, 'the consent cache')
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown'
    return policy === 'noeviction' ? null : policy
  }

  async #run(script: string, partition: number, args: readonly (string | Buffer)[]): Promise<boolean> {
    const ran = this.#redis.eval(script, 1, cacheKey(this.#namespace, partition), ...args)
    return (await withDeadline(ran, DEADLINE_MS, 'the consent cache')) === 1
  }
}
