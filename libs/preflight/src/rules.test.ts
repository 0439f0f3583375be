import { describe, expect, it } from 'vitest'
import { statedBound } from './bound.ts'
import { findings } from './rules.ts'
import type { FoundTopic, Settings } from './settings.ts'

const SWEEP = 'transaction.abort.timed.out.transaction.cleanup.interval.ms'
const CONSENT = { 'unclean.leader.election.enable': 'false', 'message.timestamp.type': 'LogAppendTime' }

/** What a well kept cluster of three brokers has. */
function good() {
  const topic = (kind: FoundTopic['kind'], partitions: number, config: Record<string, string>) => ({
    kind,
    partitions,
    config: { ...CONSENT, 'min.insync.replicas': '2', ...config },
  })
  const broker: Record<string, string> = {
    'transaction.max.timeout.ms': '900000',
    [SWEEP]: '10000',
    'log.cleaner.enable': 'true',
    'group.consumer.session.timeout.ms': '6000',
    'broker.session.timeout.ms': '9000',
    'offsets.retention.minutes': '10080',
  }
  const topics = new Map([
    ['consent.decisions', topic('decisions', 16, { 'cleanup.policy': 'compact' })],
    [
      'consent.state',
      topic('state', 16, { 'cleanup.policy': 'compact', 'segment.ms': '3600000', 'max.compaction.lag.ms': '3600000' }),
    ],
    ['consent.forget', topic('forget', 16, {})],
    ['clickstream.raw', topic('raw', 4, { 'cleanup.policy': 'delete', 'retention.ms': '604800000' })],
  ])
  return {
    brokers: new Map([[1, broker]]),
    topics,
    evictionPolicy: 'noeviction' as string | null,
    appendOnly: false as boolean | null,
  }
}

function found(settings: Settings): string[] {
  return findings(settings).map(({ severity, where, setting }) => `${severity} ${where} ${setting}`)
}

describe('settings', () => {
  it('of a well kept cluster give nothing to mend', () => {
    expect(found(good())).toEqual([])
  })

  it.each<[string, string, string]>([
    ['broker 1', 'transaction.max.timeout.ms', '4999'],
    ['broker 1', SWEEP, '60001'],
    ['broker 1', 'log.cleaner.enable', 'false'],
    ['broker 1', 'broker.session.timeout.ms', '2000'],
    ['broker 1', 'offsets.retention.minutes', '10079'],
    ['consent.decisions', 'cleanup.policy', 'compact,delete'],
    ['consent.decisions', 'message.timestamp.type', 'CreateTime'],
    ['consent.decisions', 'unclean.leader.election.enable', 'true'],
    ['consent.state', 'cleanup.policy', 'delete'],
    ['consent.state', 'message.timestamp.type', 'CreateTime'],
    ['consent.state', 'unclean.leader.election.enable', 'true'],
    ['consent.forget', 'unclean.leader.election.enable', 'true'],
    ['clickstream.raw', 'message.timestamp.type', 'CreateTime'],
    ['clickstream.raw', 'unclean.leader.election.enable', 'true'],
    ['clickstream.raw', 'cleanup.policy', 'compact'],
  ])('are refused: %s %s = %s', (where, setting, value) => {
    const settings = good()
    const config = where === 'broker 1' ? settings.brokers.get(1) : settings.topics.get(where)?.config
    Object.assign(config ?? {}, { [setting]: value })
    expect(found(settings)).toEqual([`refuse ${where} ${setting}`])
  })

  it.each<[string, string, string]>([
    ['broker 1', 'group.consumer.session.timeout.ms', '10001'],
    ['consent.state', 'segment.ms', '3600001'],
    ['consent.state', 'max.compaction.lag.ms', '9223372036854775807'],
    ['consent.state', 'min.insync.replicas', '1'],
    ['clickstream.raw', 'min.insync.replicas', '1'],
  ])('are warned of: %s %s = %s', (where, setting, value) => {
    const settings = good()
    const config = where === 'broker 1' ? settings.brokers.get(1) : settings.topics.get(where)?.config
    Object.assign(config ?? {}, { [setting]: value })
    expect(found(settings)).toEqual([`warn ${where} ${setting}`])
  })

  it('are warned of where raw records are kept for ever', () => {
    const settings = good()
    Object.assign(settings.topics.get('clickstream.raw')?.config ?? {}, { 'retention.ms': '-1' })
    expect(found(settings)).toEqual(['warn clickstream.raw retention.ms'])
  })

  it('are refused when members would be given up while consent counts as fresh', () => {
    const settings = good()
    Object.assign(settings.brokers.get(1) ?? {}, { 'group.consumer.session.timeout.ms': '2000' })
    expect(found(settings)).toEqual(['refuse broker 1 group.consumer.session.timeout.ms'])
  })

  it('are looked at on every broker: one that differs is named, several that are wrong alike are named once', () => {
    const settings = good()
    const broker = settings.brokers.get(1) ?? {}
    settings.brokers.set(2, { ...broker, [SWEEP]: '60001', 'log.cleaner.enable': 'false' })
    settings.brokers.set(3, { ...broker, 'log.cleaner.enable': 'false' })
    expect(found(settings)).toEqual([`refuse broker 2 ${SWEEP}`, 'refuse broker 2, 3 log.cleaner.enable'])
  })

  it('are refused with another number of consent partitions', () => {
    const settings = good()
    const state = settings.topics.get('consent.state') as FoundTopic
    settings.topics.set('consent.state', { ...state, partitions: 8 } as never)
    expect(found(settings)).toEqual(['refuse consent.state partitions'])
  })

  it('are refused where Redis may throw states away; a Redis that gave no answer is not judged', () => {
    expect(found({ ...good(), evictionPolicy: 'allkeys-lru' })).toEqual(['refuse redis maxmemory-policy'])
    expect(found({ ...good(), evictionPolicy: null, appendOnly: null })).toEqual([])
    expect(found({ ...good(), appendOnly: true })).toEqual(['warn redis appendonly'])
  })
})

describe('the stated bound', () => {
  it('is the transaction timeout and one sweep of the broker, by its real setting', () => {
    expect(statedBound(good())).toMatchObject({ sweepMs: 10_000, commitsWithinMs: 15_000, visibleWithinMs: 16_000 })
    expect(statedBound(swept('1000')).commitsWithinMs).toBe(6_000)
  })

  it('goes by the broker that sweeps most seldom: any of them may coordinate', () => {
    expect(statedBound(swept('1000', '30000', '2000')).commitsWithinMs).toBe(35_000)
  })

  it('takes Kafka’s default where the broker does not tell', () => {
    expect(statedBound({ brokers: new Map([[1, {}]]) }).commitsWithinMs).toBe(15_000)
    const one = { [SWEEP]: '1000' }
    expect(
      statedBound({
        brokers: new Map<number, Record<string, string>>([
          [1, one],
          [2, {}],
        ]),
      }).commitsWithinMs,
    ).toBe(15_000)
  })

  function swept(...everyMs: string[]) {
    return { brokers: new Map(everyMs.map((ms, i) => [i + 1, { [SWEEP]: ms }])) }
  }
})
