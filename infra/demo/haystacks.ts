import { readFileSync } from 'node:fs'
import type { DumpedRecord, Evidence } from '@weir/test/check/evidence.ts'
import type { Haystack } from '@weir/test/check/search-personal.ts'
import { Redis } from 'ioredis'
import { CONSENT_TOPICS } from './collect-evidence.ts'

export interface HaystackSource {
  readonly evidence: Evidence
  /** Without namespace. */
  readonly cleanTopics: readonly string[]
  readonly quarantineTopic: string
  readonly redisUrl: string
  readonly namespace: string
  readonly logFiles: readonly string[]
  /** Texts of metrics pages. */
  readonly metrics: readonly string[]
}

/** Every place behind the sanitizer where nothing personal may stand. */
export async function haystacksOf(source: HaystackSource): Promise<Haystack[]> {
  const { evidence } = source
  const topic = (name: string): readonly DumpedRecord[] => evidence.topics.get(evidence.topicName(name)) ?? []
  return [
    ...[...source.cleanTopics, ...CONSENT_TOPICS].map((name) => ({ name, bytes: topic(name).flatMap(bytesOf) })),
    { name: `headers of ${source.quarantineTopic}`, bytes: topic(source.quarantineTopic).flatMap(headerBytes) },
    { name: 'Redis', bytes: await redisBytes(source.redisUrl, source.namespace) },
    { name: 'logs', bytes: source.logFiles.map((file) => readFileSync(file)) },
    { name: 'metrics', bytes: source.metrics.map((page) => Buffer.from(page)) },
  ]
}

/** Key, value and headers of a record. */
export function bytesOf(record: DumpedRecord): Buffer[] {
  return [record.key, record.value, ...headerBytes(record)].filter((bytes): bytes is Buffer => bytes !== null)
}

function headerBytes({ headers }: DumpedRecord): Buffer[] {
  return headers.flatMap(([name, value]) => [Buffer.from(name), value ?? Buffer.alloc(0)])
}

/** Keys of the namespace with all they hold. The only values of Weir in Redis are hashes. */
async function redisBytes(url: string, namespace: string): Promise<Buffer[]> {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, commandTimeout: 10_000, lazyConnect: true })
  try {
    await redis.connect()
    const bytes: Buffer[] = []
    for (const key of await keysOf(redis, namespace)) {
      bytes.push(key)
      if ((await redis.type(key)) !== 'hash') continue
      for (const [field, value] of Object.entries(await hashOf(redis, key)))
        bytes.push(Buffer.from(field, 'latin1'), value)
    }
    return bytes
  } finally {
    redis.disconnect()
  }
}

async function keysOf(redis: Redis, namespace: string): Promise<Buffer[]> {
  const keys: Buffer[] = []
  let cursor = '0'
  do {
    const [next, found] = await redis.scanBuffer(cursor, 'MATCH', `${namespace}*`, 'COUNT', 500)
    keys.push(...found)
    cursor = next.toString()
  } while (cursor !== '0')
  return keys
}

/** Field names as latin1, since ioredis would take them for UTF-8. */
async function hashOf(redis: Redis, key: Buffer): Promise<Record<string, Buffer>> {
  const flat = (await redis.callBuffer('HGETALL', key)) as Buffer[]
  const hash: Record<string, Buffer> = {}
  for (let i = 0; i + 1 < flat.length; i += 2) hash[(flat[i] as Buffer).toString('latin1')] = flat[i + 1] as Buffer
  return hash
}
