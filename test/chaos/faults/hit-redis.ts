import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Part } from '@weir/infra/stack/index.ts'
import { Redis } from 'ioredis'
import type { PortForward } from '../../support/port-forward.ts'
import { startReplica } from '../../support/redis-replica.ts'
import { inWords, type RedisFault } from '../schedule.ts'
import type { Storm } from './storm.ts'

const AIM_MS = 3_000
/** Enough for its own needs and nothing more: with it, Redis throws away what it holds. */
const TOO_LITTLE_BYTES = 1_000_000

export interface RedisTarget {
  readonly part: Part
  /** Where everybody thinks that Redis is. */
  readonly forward: PortForward
}

/** Does the faults of the list to Redis; it is up, whole and reached by everybody when this ends. */
export async function hitRedis(storm: Storm, { part, forward }: RedisTarget, faults: readonly RedisFault[]) {
  const redis = new Redis({ host: '127.0.0.1', port: part.port, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  const dump = join(part.dataFolder, 'dump.rdb')
  const old = join(part.dataFolder, 'old.rdb')
  /** Counts the fault if it hits anybody's open transaction. */
  const strike = async (kind: string) => storm.tally.hit(`redis-${kind}`, await storm.openAnywhere(AIM_MS))
  /** Away, and back with a dump or with nothing. */
  const restart = async (kind: string, awayMs: number, from: string | undefined) => {
    await strike(kind)
    await part.stop('SIGKILL')
    if (from !== undefined && from !== dump) copyFileSync(from, dump)
    await storm.paused(awayMs)
    await part.start()
    if (existsSync(dump)) rmSync(dump)
  }

  try {
    for (const fault of faults) {
      if (!(await storm.paused(fault.gapMs))) return
      storm.say(`redis: ${inWords(fault)}`)
      switch (fault.kind) {
        case 'kill':
          // What it had a moment ago is on its disk.
          await redis.save()
          await restart('kill', fault.awayMs, dump)
          break
        case 'empty':
          await restart('empty', fault.awayMs, undefined)
          break
        case 'oldDump':
          await redis.save()
          copyFileSync(dump, old)
          rmSync(dump)
          await storm.paused(fault.lackingMs)
          await restart('oldDump', 0, old)
          break
        case 'flush':
          await strike('flush')
          await redis.flushall()
          break
        case 'freeze':
          await strike('freeze')
          await part.signal('SIGSTOP')
          await storm.paused(fault.forMs)
          await part.signal('SIGCONT')
          break
        case 'evict':
          await strike('evict')
          await redis.config('SET', 'maxmemory', String(TOO_LITTLE_BYTES))
          await redis.config('SET', 'maxmemory-policy', 'allkeys-random')
          await storm.paused(fault.forMs)
          await redis.config('SET', 'maxmemory-policy', 'noeviction')
          await redis.config('SET', 'maxmemory', '0')
          break
        case 'failOver':
          await failOver(fault.lackingMs)
      }
    }
  } finally {
    redis.disconnect()
  }

  /** To a replica that was cut off before, and, when it has been in charge for as long, back to an empty primary. */
  async function failOver(lackingMs: number): Promise<void> {
    const replica = await startReplica(redis, part.port)
    try {
      await replica.client.replicaof('NO', 'ONE')
      await storm.paused(lackingMs)
      await strike('failOver')
      await part.stop('SIGKILL')
      forward.moveTo(replica.port)
      await part.start()
      await storm.paused(lackingMs)
    } finally {
      forward.moveTo(part.port)
      await replica.stop()
    }
  }
}
