import { copyFileSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { check } from '../check/check.ts'
import { type CheckedStream, readContract } from '../check/contract-files.ts'
import type { Evidence } from '../check/evidence.ts'
import { until } from '../support/until.ts'
import type { Weir } from '../support/weir.ts'
import { Random } from '../workload/random.ts'
import { planStream } from '../workload/stream.ts'
import { eventEncoder } from '../workload/wire.ts'
import { audited } from './audited.ts'
import { Decisions } from './decisions.ts'
import { hitBrokers, type Outage } from './faults/hit-brokers.ts'
import { hitSlot } from './faults/hit-process.ts'
import { hitRedis } from './faults/hit-redis.ts'
import { Storm } from './faults/storm.ts'
import { type Ground, openGround } from './ground.ts'
import type { ChaosOptions } from './options.ts'
import { plant } from './plant.ts'
import { Follower, readEvidence } from './readers.ts'
import { drawSchedule } from './schedule.ts'
import { Slot, type SlotKind } from './slot.ts'
import { Source } from './source.ts'
import { openTransactions, whyStalled } from './stall.ts'
import { spread, Tally } from './tally.ts'
import { type ChaosResult, judged, withdrawalTimes } from './verdict.ts'

const STREAM = 'clickstream'
const PURPOSES = ['personalization', 'analytics', 'marketing']
const RAW_PARTITIONS = 9
const SANITIZERS = 3
const PROJECTORS = 2
/** The busiest people: they decided before the first event … */
const DECIDED = 200
/** … and of these the busiest go on changing their minds. */
const UNDECIDED = 60
const DECIDERS = 3
const DECISION_GAP_MS = 500
const MOST_WAITING = 2_500
const DRAIN_MS = 180_000
const PROGRESS_MS = 5_000

/** Whoever starts while Redis may evict must refuse, and is started again. */
const REFUSED_TO_START = /WEIR_UNSAFE_SETTINGS.*maxmemory-policy/s

export interface ChaosRun {
  readonly result: ChaosResult
  /** As it was judged, for those who want to see the checker find something. */
  readonly evidence: Evidence
}

/** One run: everything started, a storm over it, and the verdict of a checker that shares nothing with it. */
export async function runChaos(options: ChaosOptions, say: (line: string) => void): Promise<ChaosRun> {
  const since = performance.now()
  if (options.keep !== undefined) mkdirSync(options.keep, { recursive: true, mode: 0o700 })
  const ground = await openGround(options.brokers, RAW_PARTITIONS)
  try {
    return await chaosOn(ground, options, since, say)
  } finally {
    await ground.close()
  }
}

async function chaosOn(
  ground: Ground,
  options: ChaosOptions,
  since: number,
  say: (line: string) => void,
): Promise<ChaosRun> {
  const { weir, brokers } = ground
  const { seed } = options
  const contract = readContract(weir.contracts, STREAM)
  const tally = new Tally(RAW_PARTITIONS)
  const endedUnasked: string[] = []
  let refusedToStart = 0
  const slots = (kind: SlotKind, count: number) =>
    Array.from({ length: count }, (_, slot) => {
      const onEnded = (why: string) => {
        if (REFUSED_TO_START.test(why)) {
          refusedToStart++
          return
        }
        say(why)
        endedUnasked.push(why)
      }
      return new Slot({ weir, brokers, kind, slot, tally, onEnded })
    })
  const [sanitizers, projectors] = [slots('sanitizer', SANITIZERS), slots('projector', PROJECTORS)]
  const storm = new Storm(tally, sanitizers, projectors, say)
  const closeSlots = () => Promise.all([...sanitizers, ...projectors].map((slot) => slot.close()))
  try {
    const started = await Promise.all([...sanitizers, ...projectors].map((slot) => slot.start()))
    await Promise.all([weir.start('consent').ready(), ...started.map(({ process }) => process.ready())])
    const boundMs = await statedBound(ground)
    const plan = planStream({
      seed: Number(new Random(seed).below(1_000_000)),
      events: options.records * 3,
      purposes: PURPOSES,
      queries: [],
    })
    const decisions = await Decisions.open(weir, PURPOSES, tally)
    const deciders = plan.shoppers.all.slice(0, DECIDED).filter(({ consent }) => consent !== 'none')
    await decisions.first(deciders)
    const follower = await Follower.start(weir, brokers, contract)
    say(`up after ${seconds(since)} s; ${deciders.length} people have decided`)

    const stormSince = performance.now()
    const source = await openSource(ground, contract, plan, options, tally, stormSince)
    const progress = setInterval(() => say(progressLine(source, tally, decisions)), PROGRESS_MS)
    let outages: readonly Outage[] = []
    let stalled: readonly string[] = []
    const topics = [contract.rawTopic, ...follower.names].map((name) => weir.topic(name))
    try {
      const undecided = deciders.slice(0, UNDECIDED)
      const going = Array.from({ length: DECIDERS }, (_, n) =>
        decisions.goOn(storm, undecided, new Random(`${seed}/decider ${n}`), DECISION_GAP_MS),
      )
      const storming = hitAll(ground, storm, options)
      storming.catch(() => storm.end())
      await Promise.race([source.run(brokers), storming.then(() => new Promise(() => undefined))]).finally(() =>
        storm.end(),
      )
      outages = await storming
      await Promise.all(going)
      say(`${progressLine(source, tally, decisions)}; the storm is over after ${seconds(stormSince)} s`)
      await weir.drained(DRAIN_MS).catch(async (error: Error) => {
        stalled = [error.message, ...(await whyStalled(ground, topics, [...sanitizers, ...projectors], options.keep))]
        for (const words of stalled) say(words)
      })
    } finally {
      storm.end()
      clearInterval(progress)
    }
    const stormSeconds = seconds(stormSince)
    await closeSlots()
    await settled(ground, topics).catch((error: Error) => {
      stalled = [...stalled, error.message]
    })
    const { afterwards, meanwhile } = await readEvidence(weir, brokers, contract, follower)
    const audit = await audited(weir.env)
    const journal = decisions.journal(afterwards.topics.get(weir.topic(contract.rawTopic)) ?? [])
    const evidence = plant({ ...afterwards, journal }, options.plant)
    say(`read after ${seconds(since)} s, now judging`)
    const report = check(evidence)
    const during = check({ ...meanwhile, journal })
    for (const finding of [...report.findings, ...during.findings]) say(finding)
    const result: ChaosResult = {
      records: report.raw,
      seed,
      brokers: options.brokers,
      faults: tally.faults,
      injected: tally.injected,
      effective: tally.effective,
      aborted: tally.aborted.process + tally.aborted.broker,
      abortedBy: tally.aborted,
      fenced: Object.values(tally.fenced).reduce((sum, times) => sum + times, 0),
      fencedBy: tally.fenced,
      committed: tally.commits.length,
      recordsPerCommit: Math.round((report.raw / Math.max(1, tally.commits.length)) * 10) / 10,
      ...judged(report),
      duringRun: judged(during),
      audit,
      decisions: { answered: decisions.count, unanswered: decisions.unanswered },
      withdrawalMs: withdrawalTimes(report.withdrawals, boundMs, {
        answeredAtMs: (id) => decisions.answeredAtMs.get(id),
        seenAtMs: (topic, partition, offset) => follower.seenAtMs(weir.topic(topic), partition, offset),
        commits: tally.commits,
        outages,
      }),
      recoveryMs: spread(tally.recoveriesMs),
      brokerRecoveryMs: spread(tally.brokerRecoveriesMs),
      endedUnasked,
      refusedToStart,
      stalled,
      seconds: { storm: stormSeconds, all: seconds(since) },
    }
    return { result, evidence }
  } finally {
    storm.end()
    await closeSlots()
    if (options.keep !== undefined) keepLogs(weir, options.keep)
  }
}

function keepLogs(weir: Weir, folder: string): void {
  for (const file of weir.logFiles()) copyFileSync(file, join(folder, basename(file)))
}

async function openSource(
  { weir }: Ground,
  contract: CheckedStream,
  plan: ReturnType<typeof planStream>,
  { records, faults, atMostS, perSecond }: ChaosOptions,
  tally: Tally,
  since: number,
): Promise<Source> {
  const { schema, id } = await weir.registered(contract.rawTopic)
  return new Source(weir, tally, {
    plan,
    paths: { subject: contract.subject.split('.'), eventTime: contract.eventTime.split('.') },
    encoder: eventEncoder(schema, id),
    perSecond,
    mostWaiting: MOST_WAITING,
    isEnough: (published) => {
      return (published >= records && tally.effective >= faults) || performance.now() - since > atMostS * 1_000
    },
  })
}

/** All lists of faults at once, until the storm is over. */
async function hitAll(ground: Ground, storm: Storm, options: ChaosOptions): Promise<readonly Outage[]> {
  const { weir, brokers, nodes, redis } = ground
  const { sanitizers, projectors } = storm
  const schedule = drawSchedule({
    seed: options.seed,
    sanitizers: sanitizers.length,
    projectors: projectors.length,
    brokers: options.brokers,
    each: options.faults,
    pace: options.pace,
  })
  const targets = {
    addresses: brokers,
    nodes,
    inSync: () => ground.inSync(),
    rawTopic: weir.topic('clickstream.raw'),
    stateTopic: weir.topic('consent.state'),
    group: weir.topic('sanitizer.clickstream'),
  }
  const [outages] = await Promise.all([
    hitBrokers(storm, targets, schedule.brokers),
    hitRedis(storm, redis, schedule.redis),
    ...sanitizers.map((slot, i) => hitSlot(storm, slot, schedule.sanitizers[i] ?? [])),
    ...projectors.map((slot, i) => hitSlot(storm, slot, schedule.projectors[i] ?? [])),
  ])
  return outages
}

/** Waits until no transaction is open anywhere: what the dead left open, the broker has ended. */
async function settled({ weir }: Ground, topics: readonly string[]): Promise<void> {
  const kafka = await weir.kafka()
  const look = async () => (await openTransactions(kafka, topics)).join() === ''
  await until('no transaction is open', look, DRAIN_MS)
}

async function statedBound({ weir }: Ground): Promise<number> {
  const { bound } = await until('the stated bound', () => weir.api('GET', '/v1/bound'))
  return (bound as { commitsWithinMs: number }).commitsWithinMs
}

function progressLine(source: Source, tally: Tally, decisions: Decisions): string {
  return (
    `${source.published} published, ${source.waiting} waiting, ${tally.commits.length} commits; faults/effective: ` +
    `${tally.injected}/${tally.effective}; ${decisions.count} decisions`
  )
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10
}
