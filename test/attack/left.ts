import { createDecipheriv, hkdfSync } from 'node:crypto'
import { loadContracts } from '@weir/contracts'
import { topicSpecs } from '@weir/infra/kafka/topics.ts'
import { Redis } from 'ioredis'
import { readStates } from '../check/consent-records.ts'
import type { ForeignRecord } from '../support/foreign/foreign.ts'
import { until } from '../support/until.ts'
import type { Weir } from '../support/weir.ts'

/** What is left once compaction has passed: all topics but raw, consent.state as it holds now, Redis. */
export interface Left {
  /** Keys and values; sealed ones opened. */
  readonly bytes: readonly Buffer[]
  /** All salts in it. */
  readonly salts: ReadonlySet<string>
}

/** @param rawTopic left out: it holds ids in clear, for as long as its short retention */
export async function whatIsLeft(weir: Weir, rootKey: Buffer, rawTopic: string): Promise<Left> {
  const specs = topicSpecs(loadContracts(weir.contracts), { namespace: '', rawPartitions: 1 })
  const names = specs.map(({ topic }) => topic).filter((topic) => topic !== rawTopic)
  const records = await weir.dump(...names)
  const isState = ({ topic }: ForeignRecord) => topic === weir.topic('consent.state')
  const states = latestByKey(records.filter(isState))
  const others = records.filter((record) => !isState(record))
  const salts = [...readStates(states.map((record) => ({ ...record, timestampMs: record.timestamp }))).values()]
    .flatMap((own) => own.flatMap(({ purposes }) => [...purposes.values()].map(({ salt }) => salt)))
    .filter((salt) => salt !== null)
  const opened = others.flatMap(({ topic, value }) => (value === null ? [] : (open(rootKey, topic, value) ?? [])))
  const cached = await inRedis(weir, endsOf(records.filter(isState)))
  const plain = [...states, ...others].flatMap(({ key, value }) => [key, value]).filter((part) => part !== null)
  return { bytes: [...plain, ...opened, ...cached], salts: new Set(salts) }
}

function latestByKey(records: readonly ForeignRecord[]): ForeignRecord[] {
  const inOrder = [...records].sort((one, other) => one.offset - other.offset)
  return [...new Map(inOrder.map((record) => [`${record.partition} ${record.key?.toString('hex')}`, record])).values()]
}

function endsOf(records: readonly ForeignRecord[]): Map<number, number> {
  const ends = new Map<number, number>()
  for (const { partition, offset } of records) ends.set(partition, Math.max(ends.get(partition) ?? 0, offset + 1))
  return ends
}

/** All fields and values of the namespace, once the loader has come to these ends of consent.state. */
async function inRedis(weir: Weir, ends: ReadonlyMap<number, number>): Promise<Buffer[]> {
  const redis = new Redis(weir.stack.REDIS_URL)
  try {
    for (const [partition, end] of ends) {
      const key = weir.topic(`consent.state:${partition}`)
      await until('the loader has come so far', async () => Number(await redis.hget(key, 'w')) >= end)
    }
    const keys = await redis.keys(`${weir.namespace}*`)
    return (await Promise.all(keys.map((key) => redis.callBuffer('HGETALL', key) as Promise<Buffer[]>))).flat()
  } finally {
    redis.disconnect()
  }
}

/** As documented: 1 ‖ epoch ‖ nonce (12) ‖ AES-256-GCM ‖ tag (16), the topic as associated data. Null: not sealed. */
function open(rootKey: Buffer, topic: string, sealed: Buffer): Buffer | null {
  if (sealed.length < 30 || sealed[0] !== 1) return null
  const key = Buffer.from(hkdfSync('sha256', rootKey, '', `weir/sealed/${topic}/${sealed[1]}`, 32))
  const opening = createDecipheriv('aes-256-gcm', key, sealed.subarray(2, 14), { authTagLength: 16 })
  opening.setAAD(Buffer.from(topic, 'utf8'))
  opening.setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([opening.update(sealed.subarray(14, -16)), opening.final()])
  } catch {
    return null
  }
}
