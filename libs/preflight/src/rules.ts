import { CONSENT_PARTITIONS } from '@weir/consent'
import { TRANSACTION_TIMEOUT_MS } from './bound.ts'
import type { Finding, FoundTopic, Settings } from './settings.ts'

/** S: how old the proof of freshness may be that consent is decided by. */
const FRESHNESS_MS = 2_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Everything that is wrong with these settings, refusals first. Pure. */
export function findings(settings: Settings): Finding[] {
  const topics = [...settings.topics].flatMap(([name, topic]) => ofTopic(name, topic))
  const all = [...ofBrokers(settings), ...topics, ...ofRedis(settings)]
  return all.sort((a, b) => Number(a.severity === 'warn') - Number(b.severity === 'warn'))
}

type Told = Omit<Finding, 'where' | 'found'>

/** Rules about one place; a setting that it does not tell is left alone. */
class Place {
  readonly found: Finding[] = []
  readonly #where: string
  readonly #config: Readonly<Record<string, string>>

  constructor(where: string, config: Readonly<Record<string, string>>) {
    this.#where = where
    this.#config = config
  }

  /** `isRight` gets the value as the broker writes it. */
  text(told: Told, isRight: (value: string) => boolean): void {
    const value = this.#config[told.setting]
    if (value !== undefined && !isRight(value)) this.found.push({ ...told, where: this.#where, found: value })
  }

  number(told: Told, isRight: (value: number) => boolean): void {
    this.text(told, (value) => isRight(Number(value)))
  }
}

/** What is wrong with several brokers in the same way is told once. */
function ofBrokers({ brokers, topics }: Settings): Finding[] {
  const told = new Map<string, { finding: Finding; ids: number[] }>()
  for (const [id, config] of brokers) {
    for (const finding of ofBroker(config, topics)) {
      const key = [finding.severity, finding.setting, finding.found].join(' ')
      const known = told.get(key) ?? { finding, ids: [] }
      told.set(key, known)
      known.ids.push(id)
    }
  }
  return [...told.values()].map(({ finding, ids }) => ({ ...finding, where: `broker ${ids.join(', ')}` }))
}

function ofBroker(config: Readonly<Record<string, string>>, topics: Settings['topics']): Finding[] {
  const place = new Place('broker', config)
  const line = (setting: string, value: number | string) => `${setting}=${value} in server.properties`
  place.number(
    {
      severity: 'refuse',
      setting: 'transaction.max.timeout.ms',
      breaks: `transactions of ${TRANSACTION_TIMEOUT_MS} ms can’t be had`,
      mend: line('transaction.max.timeout.ms', 900_000),
    },
    (ms) => ms >= TRANSACTION_TIMEOUT_MS,
  )
  const sweep = 'transaction.abort.timed.out.transaction.cleanup.interval.ms'
  place.number(
    {
      severity: 'refuse',
      setting: sweep,
      breaks:
        'a withdrawal would hold only after more than a minute: what was decided before may commit until the sweep',
      mend: line(sweep, 10_000),
    },
    (ms) => ms <= 60_000,
  )
  place.text(
    {
      severity: 'refuse',
      setting: 'log.cleaner.enable',
      breaks: 'salts of ended grants would stay on disk for ever',
      mend: line('log.cleaner.enable', 'true'),
    },
    (value) => value === 'true',
  )
  const session = 'group.consumer.session.timeout.ms'
  place.number(
    {
      severity: 'refuse',
      setting: session,
      breaks: `members would be given up while they still decide by consent that counts as fresh (${FRESHNESS_MS} ms)`,
      mend: line(session, 6_000),
    },
    (ms) => ms > FRESHNESS_MS,
  )
  place.number(
    {
      severity: 'warn',
      setting: session,
      breaks: 'after a crash of a sanitizer or projector its partitions stand still for so long',
      mend: `${line(session, 6_000)}, with group.consumer.min.session.timeout.ms=6000`,
    },
    (ms) => ms <= 10_000,
  )
  place.number(
    {
      severity: 'refuse',
      setting: 'broker.session.timeout.ms',
      breaks: `a broker that is cut off could lose its leadership while what it says still counts as fresh (${FRESHNESS_MS} ms)`,
      mend: line('broker.session.timeout.ms', 9_000),
    },
    (ms) => ms > FRESHNESS_MS,
  )
  const raw = [...topics.values()].filter(({ kind }) => kind === 'raw')
  const longestRawMs = Math.max(0, ...raw.map(({ config }) => Number(config['retention.ms'] ?? 0)))
  place.number(
    {
      severity: 'refuse',
      setting: 'offsets.retention.minutes',
      breaks:
        'committed offsets would go before the raw records they stand for, and the sanitizer would not know where to go on',
      mend: line('offsets.retention.minutes', Math.max(10_080, Math.ceil(longestRawMs / 60_000))),
    },
    (minutes) => minutes * 60_000 >= longestRawMs,
  )
  return place.found
}

function ofTopic(name: string, { kind, partitions, config }: FoundTopic): Finding[] {
  const place = new Place(name, { ...config, partitions: String(partitions) })
  const set = (setting: string, value: string) =>
    `kafka-configs.sh --alter --topic ${name} --add-config ${setting}=${value}`
  place.text(
    {
      severity: 'refuse',
      setting: 'unclean.leader.election.enable',
      breaks: 'a replica that lacks acknowledged records could lead: withdrawn consent would come back, events be lost',
      mend: set('unclean.leader.election.enable', 'false'),
    },
    (value) => value === 'false',
  )
  if (kind === 'forget') return place.found
  place.text(
    {
      severity: 'refuse',
      setting: 'message.timestamp.type',
      breaks: 'times of events and decisions would be what their senders claim',
      mend: set('message.timestamp.type', 'LogAppendTime'),
    },
    (value) => value === 'LogAppendTime',
  )
  place.number(
    {
      severity: 'warn',
      setting: 'min.insync.replicas',
      breaks: 'one broker that is lost for good takes acknowledged records with it',
      mend: `three brokers, replication 3, and ${set('min.insync.replicas', '2')}`,
    },
    (count) => count >= 2,
  )
  if (kind === 'raw') {
    place.text(
      {
        severity: 'refuse',
        setting: 'cleanup.policy',
        breaks: 'all but the newest event of each person would be lost, and what is left be kept for ever',
        mend: set('cleanup.policy', 'delete'),
      },
      (value) => value === 'delete',
    )
    place.number(
      {
        severity: 'warn',
        setting: 'retention.ms',
        breaks: 'raw personal data are kept for ever, or for over a month',
        mend: set('retention.ms', String(7 * DAY_MS)),
      },
      (ms) => ms > 0 && ms <= 31 * DAY_MS,
    )
    return place.found
  }
  place.number(
    {
      severity: 'refuse',
      setting: 'partitions',
      breaks: `the contract says ${CONSENT_PARTITIONS}: people would be looked for where they are not`,
      mend: 'make the consent topics with `weir contract apply`',
    },
    (count) => count === CONSENT_PARTITIONS,
  )
  place.text(
    {
      severity: 'refuse',
      setting: 'cleanup.policy',
      breaks: kind === 'decisions' ? 'decisions would be deleted' : 'states would be deleted, and people look unknown',
      mend: set('cleanup.policy', 'compact'),
    },
    (value) => value === 'compact',
  )
  if (kind === 'decisions') return place.found
  for (const setting of ['segment.ms', 'max.compaction.lag.ms']) {
    place.number(
      {
        severity: 'warn',
        setting,
        breaks: 'salts of ended grants stay on disk for so long',
        mend: set(setting, String(HOUR_MS)),
      },
      (ms) => ms <= HOUR_MS,
    )
  }
  return place.found
}

function ofRedis({ evictionPolicy, appendOnly }: Settings): Finding[] {
  const found: Finding[] = []
  if (evictionPolicy !== null && evictionPolicy !== 'noeviction') {
    found.push({
      severity: 'refuse',
      setting: 'maxmemory-policy',
      where: 'redis',
      found: evictionPolicy,
      breaks: 'a state that was thrown away makes its person look unknown',
      mend: 'redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf',
    })
  }
  if (appendOnly === true) {
    found.push({
      severity: 'warn',
      setting: 'appendonly',
      where: 'redis',
      found: 'yes',
      breaks:
        'salts of ended grants stay in the append-only file until it is rewritten; the cache is no authority and needs none',
      mend: 'redis-cli CONFIG SET appendonly no, and in redis.conf',
    })
  }
  return found
}
