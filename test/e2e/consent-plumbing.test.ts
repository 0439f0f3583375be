import { randomUUID } from 'node:crypto'
import { type ConsentState, decodeStateRecord, refToBytes, type SubjectRef } from '@weir/consent'
import {
  cacheKey,
  type Fence,
  type Looked,
  type Lookup,
  openConsentView,
  openRedis,
  type RunningConsentView,
} from '@weir/consent-view'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { CacheWriter } from '../../services/projector/src/cache-writer.ts'
import { LedgerWriter, newRef, partitionOfRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const clock = { monotonicMs: () => performance.now() }

describe('consent, from the ledger to a lookup', () => {
  const weir = sharedWeir({}, ['projector'])
  const views: RunningConsentView[] = []
  let ledger: LedgerWriter
  let redis: Redis

  beforeAll(async () => {
    ledger = await LedgerWriter.open(weir())
    redis = openRedis(inject('stack').REDIS_URL, () => {})
    await until('redis', () => redis.status === 'ready')
  })
  afterEach(async () => {
    await Promise.all(views.splice(0).map((view) => view.close()))
  })
  afterAll(async () => {
    redis?.disconnect()
    await ledger?.close()
  })

  async function view(options: { redisUrl?: string } = {}): Promise<RunningConsentView> {
    const opened = await openConsentView({
      kafka: await weir().kafka(),
      redis: options.redisUrl ?? redis,
      namespace: weir().namespace,
      clock,
      // So that Redis is asked each time: it is what these tests are about.
      rememberedSubjects: 0,
    })
    views.push(opened)
    await until('a fresh view', () => opened.health().freshPartitions === 16)
    return opened
  }

  it('brings a decision into the state topic, and from there byte for byte into the cache', async () => {
    const ref = newRef()
    const offset = await ledger.decide(ref, 'grant')
    const cached = await until('the state in the cache', () => fieldOf(ref))
    const records = (await weir().dump('consent.state')).filter((record) => record.key?.equals(refToBytes(ref)))
    expect(records.map(({ value }) => value?.toString('hex'))).toEqual([cached.toString('hex')])
    expect(stateIn(cached)).toMatchObject({
      position: offset + 1,
      purposes: { personalization: { status: 'granted', notice: 1, ledgerOffset: offset } },
    })
  })

  it('answers the same from tail and cache, and null for someone who never decided', async () => {
    const early = await view()
    const ref = newRef()
    const offset = await ledger.decide(ref, 'grant')
    await until('the tail has it', async () => (await looked(early, ref)).states[0] !== null)
    await until('the cache has it', () => fieldOf(ref))
    const late = await view()
    expect(late.health().changes).toBe(0)
    const [fromTail, fromCache] = [await looked(early, ref, newRef()), await looked(late, ref, newRef())]
    expect(fromTail.states[0]?.position).toBe(offset + 1)
    expect(fromCache.states).toEqual(fromTail.states)
    expect(fromCache.states[1]).toBeNull()
  })

  it('is held while Redis is away for whom the tail knows nothing of, and answers for others', async () => {
    const cut = await view({ redisUrl: 'redis://127.0.0.1:1' })
    const ref = newRef()
    expect(await lookup(cut, ref)).toMatchObject({ kind: 'held', reason: 'redis-away' })
    await ledger.decide(ref, 'grant')
    const result = await until('the tail has it', async () => {
      const tried = await lookup(cut, ref)
      return tried.kind === 'looked' ? tried : null
    })
    expect(result.states[0]?.purposes['personalization']?.status).toBe('granted')
  })

  it('never takes a subject for unknown while the cache is flushed, and heals by itself', async () => {
    const refs = Array.from({ length: 40 }, newRef)
    await Promise.all(refs.map((ref) => ledger.decide(ref, 'grant')))
    await Promise.all(refs.map((ref) => until('cached', () => fieldOf(ref))))
    const late = await view()
    await looked(late, ...refs)
    await redis.del(...Array.from({ length: 16 }, (_, partition) => cacheKey(weir().namespace, partition)))
    const answers: Lookup['kind'][] = []
    await until('answered again', async () => {
      const tried = await lookup(late, ...refs)
      answers.push(tried.kind)
      if (tried.kind === 'held') return false
      expect(tried.states.filter((state) => state === null)).toEqual([])
      return answers.includes('held')
    })
  })

  it('never decides from an older dump that was restored, and the loader heals it', async () => {
    const ref = newRef()
    const key = cacheKey(weir().namespace, partitionOfRef(ref))
    await ledger.decide(ref, 'grant')
    await until('cached', () => fieldOf(ref))
    const dump = await redis.dumpBuffer(key)
    const { position } = stateIn((await fieldOf(ref)) ?? Buffer.alloc(0))
    await ledger.decide(ref, 'withdraw', { basedOn: position })
    await until('the withdrawal is cached', async () => statusIn(await fieldOf(ref)) === 'withdrawn')
    const late = await view()
    await redis.restore(key, 0, dump, 'REPLACE')
    const kinds: string[] = []
    await until('healed', async () => {
      const tried = await lookup(late, ref)
      kinds.push(tried.kind)
      if (tried.kind === 'held') return false
      expect(tried.states[0]?.purposes['personalization']?.status).toBe('withdrawn')
      return statusIn(await fieldOf(ref)) === 'withdrawn'
    })
  })

  it('is held when the hash was loaded from another topic, until the loader has begun it anew', async () => {
    const ref = newRef()
    const key = cacheKey(weir().namespace, partitionOfRef(ref))
    await ledger.decide(ref, 'grant')
    await until('cached', () => fieldOf(ref))
    const late = await view()
    await redis.hset(key, 't', 'e'.repeat(32), refToBytes(ref), Buffer.alloc(0))
    const first = await lookup(late, ref)
    if (first.kind === 'looked') expect(first.states[0]).not.toBeNull()
    await until('healed', async () => (await looked(late, ref)).states[0] !== null)
  })

  it('shows a change between lookup and fence, and lets pass what did not change', async () => {
    const [one, watcher] = [await view(), await view()]
    const [ref, other] = [newRef(), newRef()]
    await ledger.decide(ref, 'grant')
    await until('the tail has it', async () => (await looked(one, ref)).states[0] !== null)
    const chunk = one.begin()
    const before = await looked(one, other, ref)
    expect((await one.fence(before)).kind).toBe('clear')
    await ledger.decide(ref, 'withdraw')
    await until('the withdrawal is in consent.state', async () => {
      const { states } = await looked(watcher, ref)
      return states[0]?.purposes['personalization']?.status === 'withdrawn'
    })
    // From then on every fence shows it, also that of a view which may not have read it yet.
    expect(changedOf(await one.fence(before))).toEqual([1])
    chunk.end()
  })

  it('is cold within S of the projector’s end, held until it is back, and then goes on', async () => {
    const one = await view()
    const ref = newRef()
    await ledger.decide(ref, 'grant')
    await until('the tail has it', async () => (await looked(one, ref)).states[0] !== null)
    const before = await looked(one, ref)
    await weir().service('projector').stop('SIGKILL')
    const killedMs = performance.now()
    await until('cold', async () => (await lookup(one, ref)).kind === 'held', 4_000)
    expect(performance.now() - killedMs).toBeLessThan(2_500)
    expect(await lookup(one, ref)).toMatchObject({ kind: 'held', reason: 'consent-cold' })
    expect(await one.fence(before)).toMatchObject({ kind: 'held', reason: 'consent-cold' })
    await ledger.decide(ref, 'withdraw')
    weir().start('projector')
    const after = await until('answered again', async () => {
      const tried = await lookup(one, ref)
      return tried.kind === 'looked' ? tried : null
    })
    expect(after.states[0]?.purposes['personalization']?.status).toBe('withdrawn')
  })

  async function fieldOf(ref: SubjectRef): Promise<Buffer | null> {
    return redis.hgetBuffer(cacheKey(weir().namespace, partitionOfRef(ref)), refToBytes(ref))
  }
})

describe('what the loader runs inside Redis', () => {
  const PARTITION = 3
  const TOPIC_ID = 'a'.repeat(32)
  const namespace = `t${randomUUID().slice(0, 8)}.`
  let redis: Redis
  let cache: CacheWriter

  beforeAll(async () => {
    redis = openRedis(inject('stack').REDIS_URL, () => {})
    await until('redis', () => redis.status === 'ready')
    cache = new CacheWriter(redis, namespace)
  })
  afterAll(async () => {
    await redis?.del(cacheKey(namespace, PARTITION))
    redis?.disconnect()
  })

  it('begins a hash only over what was seen', async () => {
    const nothing = { watermark: '', topicId: '' }
    expect(await cache.begin(PARTITION, nothing, 0, TOPIC_ID)).toBe(true)
    // A second loader that saw nothing either must not wipe what the first has loaded.
    expect(await cache.apply(PARTITION, TOPIC_ID, 0, 5, new Map([['k', Buffer.of(1)]]))).toBe(true)
    expect(await cache.begin(PARTITION, nothing, 0, TOPIC_ID)).toBe(false)
    expect(await cache.stored(PARTITION)).toEqual({ watermark: '5', topicId: TOPIC_ID })
  })

  it('applies a run only onto the watermark that it starts from, and only of this topic', async () => {
    expect(await cache.apply(PARTITION, TOPIC_ID, 4, 9, new Map([['k', Buffer.of(2)]]))).toBe(false)
    expect(await cache.apply(PARTITION, 'b'.repeat(32), 5, 9, new Map([['k', Buffer.of(2)]]))).toBe(false)
    expect((await redis.hgetBuffer(cacheKey(namespace, PARTITION), 'k'))?.[0]).toBe(1)
    expect(await cache.apply(PARTITION, TOPIC_ID, 5, 9, new Map([['k', Buffer.of(2)]]))).toBe(true)
    expect((await redis.hgetBuffer(cacheKey(namespace, PARTITION), 'k'))?.[0]).toBe(2)
  })
})

async function lookup(view: RunningConsentView, ...refs: SubjectRef[]): Promise<Lookup> {
  return view.lookup(Buffer.concat(refs.map(refToBytes)), refs.length)
}

/** As a sanitizer does: held means try again. */
async function looked(view: RunningConsentView, ...refs: SubjectRef[]): Promise<Looked> {
  return until('a lookup that is not held', async () => {
    const result = await lookup(view, ...refs)
    return result.kind === 'looked' ? result : null
  })
}

function changedOf(fence: Fence): readonly number[] {
  if (fence.kind !== 'changed') throw new Error(`the fence was ${fence.kind}`)
  return fence.subjects
}

function stateIn(value: Buffer): ConsentState {
  const record = decodeStateRecord(value)
  if (record.kind !== 'state') throw new Error('a tick, not a state')
  return record.state
}

function statusIn(value: Buffer | null): string | undefined {
  return value === null ? undefined : stateIn(value).purposes['personalization']?.status
}
