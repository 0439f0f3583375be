import { chmodSync, copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ledgerKey, refToBytes, type SubjectRef } from '@weir/consent'
import { cacheKey } from '@weir/consent-view'
import { readMetrics } from '@weir/infra/demo/metrics-page.ts'
import type { RecordToAppend } from '@weir/kafka'
import { referenceHasher } from '@weir/pseudonym'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { deleteRecordsBefore } from '../support/cluster.ts'
import { ContractCopy } from '../support/contract-copy.ts'
import { partitionOfRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import { Weir } from '../support/weir.ts'

const PERSONALIZATION = ['personalization']
/** No version of a consent record begins so. */
const UNREADABLE = Buffer.from([0xff])

/** Promise 4, for what is wrong with records and files; parts that are away are in test/faults. */
describe('a record of a consent topic that can’t be read', () => {
  const weir = sharedWeir()
  let redis: Redis
  /** Somebody whose consent lies in another partition than that of the others. */
  let carla: string

  beforeAll(async () => {
    redis = new Redis(weir().stack.REDIS_URL)
    const taken = ['bert', 'dora'].map((subject) => partitionOfRef(refOf(subject)))
    for (let n = 0; carla === undefined || taken.includes(partitionOfRef(refOf(carla))); n++) carla = `carla-${n}`
    for (const subject of ['bert', carla, 'dora']) {
      await weir().decide({ subject, kind: 'grant', purposes: PERSONALIZATION })
    }
  })
  afterAll(() => redis.disconnect())

  it('holds whoever’s state it is, and those behind, until the state is written again', async () => {
    const bert = refOf('bert')
    await passes('bert')
    const state = await until('the cache has it', () =>
      redis.hgetBuffer(cacheKey(weir().namespace, partitionOfRef(bert)), refToBytes(bert)),
    )
    await append('consent.state', { key: refToBytes(bert), value: UNREADABLE, partition: partitionOfRef(bert) })
    await passes(carla)
    await isHeld('consent-unreadable', ['bert', carla])

    await append('consent.state', { key: refToBytes(bert), value: state, partition: partitionOfRef(bert) })
    await weir().drained()
    expect(await granted()).toBe(4)
    const clean = await weir().dump('clickstream.personalization')
    expect(clean.filter(({ key }) => key !== null)).toHaveLength(4)
  })

  it('stops its partition of the ledger; people of the others go on, and those of this one are held', async () => {
    const dora = refOf('dora')
    const partition = partitionOfRef(dora)
    const key = ledgerKey(dora, Buffer.alloc(16))
    await append('consent.decisions', { key, value: UNREADABLE, partition })
    const ops = await weir().service('projector').url('ops')
    await until('the projector says so', async () => {
      return (await (await fetch(`${ops}/readyz`)).text()).includes(`ledger partition ${partition} is stopped`)
    })
    await until('it is cold', async () => {
      return (await readMetrics(weir().service('sanitizer'))).sum('weir_consent_age_seconds') > 2
    })
    expect(weir().log('projector')).toContain('WEIR_LEDGER_RECORD')
    await passes(carla)
    await isHeld('consent-cold', ['dora'])
  })

  function refOf(subject: string): SubjectRef {
    return referenceHasher(readFileSync(join(weir().folder, 'reference.key'))).ref('user', subject) as SubjectRef
  }

  async function append(topic: string, record: RecordToAppend): Promise<void> {
    const appender = await (await weir().kafka()).appender()
    await appender.append(weir().topic(topic), [record])
    await appender.close()
  }

  async function publish(subjects: readonly string[]): Promise<void> {
    // All in one partition, so that they come in this order.
    const records = subjects.map((subject) => ({ key: subject, value: weir().event(subject), partition: 0 }))
    await weir().publish(records)
  }

  async function passes(subject: string): Promise<void> {
    const before = await granted()
    await publish([subject])
    await weir().drained()
    expect(await granted()).toBe(before + 1)
  }

  /** Nothing of what is published now passes. */
  async function isHeld(reason: string, subjects: readonly string[]): Promise<void> {
    const passed = await granted()
    const heldBefore = await held(reason)
    await publish(subjects)
    await until(`held: ${reason}`, async () => (await held(reason)) > heldBefore + 1)
    expect(await granted()).toBe(passed)
  }

  async function held(reason: string): Promise<number> {
    return (await readMetrics(weir().service('sanitizer'))).sum('weir_sanitizer_held_total', { reason })
  }

  /** Committed events that came out as granted. */
  async function granted(): Promise<number> {
    const labels = { purpose: 'personalization', outcome: 'granted' }
    return (await readMetrics(weir().service('sanitizer'))).sum('weir_sanitizer_rows_total', labels)
  }
})

describe('a process that can’t keep the promises does not start', () => {
  let weir: Weir

  beforeAll(() => {
    weir = new Weir({ stack: inject('stack') })
  })
  afterAll(() => weir.close())

  it('when raw records were deleted that it has not processed: it skips nothing', async () => {
    await weir.apply()
    const raw = { topic: weir.topic('clickstream.raw'), partition: 0 }
    await weir.publish([1, 2, 3].map(() => ({ key: 'anna', value: weir.event('anna'), partition: 0 })))
    await deleteRecordsBefore(weir.stack.KAFKA_BROKERS, raw.topic, raw.partition, 2)
    await doesNotStart('sanitizer', {}, 'WEIR_SANITIZER_NO_PLACE_TO_START')
    const [committed] = await (await weir.kafka()).committedOffsets(weir.topic('sanitizer.clickstream'), [raw])
    expect(committed).toBe(-1)
  })

  it.each(['sanitizer', 'projector', 'consent'] as const)('when others can use its root key: %s', async (service) => {
    const open = join(weir.folder, 'open.key')
    copyFileSync(join(weir.folder, 'root.key'), open)
    chmodSync(open, 0o644)
    await doesNotStart(service, { WEIR_ROOT_KEY_FILE: open }, 'WEIR_KEY_FILE_OPEN_TO_OTHERS')
  })

  it.each(['sanitizer', 'consent'] as const)('when its reference key is not there: %s', async (service) => {
    const WEIR_REFERENCE_KEY_FILE = join(weir.folder, 'nothing.key')
    await doesNotStart(service, { WEIR_REFERENCE_KEY_FILE }, 'WEIR_KEY_FILE_MISSING')
  })

  it.each(['sanitizer', 'consent'] as const)('when its contract has a fault: %s', async (service) => {
    const contract = new ContractCopy()
    try {
      contract.write('purposes.yaml', 'personalization: {}\n')
      await doesNotStart(service, { WEIR_CONTRACTS: contract.folder }, 'WEIR_CONTRACT_')
    } finally {
      contract.remove()
    }
  })

  async function doesNotStart(
    service: 'sanitizer' | 'projector' | 'consent',
    env: Readonly<Record<string, string>>,
    code: string,
  ): Promise<void> {
    const started = weir.start(service, service, env)
    await expect(started.ready()).rejects.toThrow(/ended with exit code 1/)
    expect(readFileSync(started.logFile, 'utf8')).toContain(code)
  }
})
