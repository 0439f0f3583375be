import type { Appender } from '@weir/kafka'
import { APPLY, BEGIN } from '../../../services/projector/src/loader-scripts.ts'
import type { Seen } from '../check/seen.ts'
import { ModelCluster } from '../kafka/index.ts'
import { rawEvent } from '../load/raw-event.ts'
import { SETTING } from '../load/setting.ts'
import { BOUND } from '../processes/consent.ts'
import { RedisModel } from '../redis/index.ts'
import { API, type Event, type KafkaFault, type Schedule, type Step } from '../schedule/index.ts'
import type { Random } from '../time/random-bytes.ts'
import { monotonicMs, runAs, SimulatedProcess, wallClockMs } from '../time/virtual-time.ts'
import { Cast } from './cast.ts'
import { People } from './people.ts'
import { Topics } from './topics.ts'

const SESSION_MS = 6_000
const HEARTBEAT_MS = 1_000
const SWEEP_MS = 1_000
const FRESHNESS_MS = 2_000
/** What was sent is in its topic by then, when nothing is wrong. */
const ARRIVES_WITHIN_MS = 1_000
/** The fold may first wait until the loader has found out that Redis lost something, and loaded it again. */
const FOLDED_WITHIN_MS = 5_000
/** A successor of a broker that is gone comes sometimes before, sometimes after proof of freshness has run out. */
const REPLICA_LAG_MS = [300, 2_500] as const

/** A simulated Weir: brokers, Redis and registry as models, and processes that run the real code. */
export class World {
  readonly #schedule: Schedule
  readonly #cluster: ModelCluster
  readonly #redis: RedisModel
  readonly #cast: Cast
  readonly #people: People
  readonly #topics: Topics
  #source: Appender | null = null
  /** Null until faults end; then when the last of them is over. */
  #healedAtMs: number | null = null
  /** Faults of a set length last beyond that. */
  #lastingUntilMs = 0
  #isEnded = false
  #stepsLeft: number
  #lastStepMs = 0
  readonly log: string[] = []

  constructor(schedule: Schedule, random: Random) {
    const delayMs = () => 0.3 + (random.below(1_000) / 1_000) * (random.below(20) === 0 ? 12 : 1.5)
    const [least, most] = REPLICA_LAG_MS
    this.#schedule = schedule
    this.#stepsLeft = schedule.steps.filter((step) => step.do !== 'end').length
    this.#cluster = new ModelCluster({
      brokers: schedule.brokers,
      random,
      delayMs,
      settings: {
        groupSessionMs: SESSION_MS,
        heartbeatMs: HEARTBEAT_MS,
        sweepMs: SWEEP_MS,
        replicaLagMs: schedule.replicaLagMs ?? least + random.below(most - least),
      },
    })
    this.#topics = new Topics(this.#cluster)
    this.#redis = new RedisModel({ random, now: monotonicMs, delayMs, scripts: { apply: APPLY, begin: BEGIN } })
    const say = (what: string) => this.log.push(`${(monotonicMs() / 1_000).toFixed(3)} s  ${what}`)
    this.#cast = new Cast({
      connect: (process) => this.#cluster.connect(process),
      redis: () => this.#redis.client(),
      cut: (process) => this.#cluster.cut(process),
      random,
      say,
    })
    this.#people = new People(this.#cast, delayMs, say)
  }

  start(): void {
    for (const name of this.#schedule.running) this.#cast.start(name)
    runAs(new SimulatedProcess('source'), () => {
      this.#cluster
        .connect('source')
        .then((kafka) => kafka.appender())
        .then((appender) => {
          this.#source = appender
        })
        .catch((error: unknown) => this.log.push(`the source of events is not connected: ${String(error)}`))
    })
  }

  /** Empty when everybody does its job. */
  get why(): string {
    if (this.#source === null) return 'the source of events is not connected'
    return this.#schedule.running
      .map((name) => ({ name, why: this.#cast.why(name) }))
      .filter(({ why }) => why !== '')
      .map(({ name, why }) => `${name}: ${why}`)
      .join('; ')
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** All that was sent is processed, all that was decided is in force, and faults are over for so long. */
  hasSettled(quietMs: number): boolean {
    if (this.#healedAtMs === null || wallClockMs() < this.#healedAtMs + quietMs) return false
    if (this.#stepsLeft > 0 || monotonicMs() < this.#lastStepMs + ARRIVES_WITHIN_MS) return false
    return this.#people.areDone && this.#isAllCommitted && !this.#topics.hasDecidedWithin(FOLDED_WITHIN_MS)
  }

  get #isAllCommitted(): boolean {
    const committed = new Map<number, number>()
    for (const { offsets, decidedAtMs } of this.#sanitized()) {
      // What it published is there once the markers are.
      if (decidedAtMs > wallClockMs() - ARRIVES_WITHIN_MS) return false
      for (const { partition, offset } of offsets) committed.set(partition, offset)
    }
    for (let partition = 0; partition < SETTING.rawPartitions; partition++) {
      const last = this.#cluster.records(SETTING.rawTopic, partition).at(-1)
      if (last !== undefined && last.offset >= (committed.get(partition) ?? 0)) return false
    }
    return true
  }

  act(step: Step): void {
    this.#stepsLeft--
    this.#lastStepMs = monotonicMs()
    switch (step.do) {
      case 'event':
        return this.#send(step)
      case 'decide':
        this.#people.decide(step).catch((error: unknown) => this.log.push(`a client failed: ${String(error)}`))
        return
      case 'pause':
      case 'resume':
      case 'kill':
      case 'stop':
      case 'start':
        return this.#cast[step.do](step.process)
      case 'redis':
        return this.#redis.fault(step.fault)
      case 'kafka':
        return this.#kafkaFault(step)
      case 'heal':
        return this.#heal()
      case 'end':
        this.end()
    }
  }

  #send(event: Event): void {
    const record = rawEvent(event, wallClockMs())
    this.#source
      ?.append(SETTING.rawTopic, [record])
      .catch(() => this.log.push(`row ${event.row} was not confirmed to its source`))
  }

  #kafkaFault(step: KafkaFault): void {
    const cluster = this.#cluster
    switch (step.fault) {
      case 'kill':
        return cluster.killBroker(step.broker)
      case 'start':
        return cluster.startBroker(step.broker)
      case 'isolate':
        return cluster.isolate(step.broker)
      case 'rejoin':
        return cluster.rejoin(step.broker)
      case 'cut':
        return cluster.cut(step.process)
      case 'next':
        return cluster.next(API[step.api], step.fate, step.process)
      case 'pauseMarkers':
        this.#lastsMs(step.forMs)
        return cluster.pauseMarkers(step.forMs, step.of)
      case 'coordinatorAway':
        this.#lastsMs(step.forMs)
        return cluster.coordinatorAway(step.forMs)
      case 'compact':
        this.#topics.collect()
        return cluster.compact(step.topic)
      case 'trim':
        this.#topics.collect()
        return cluster.trim(SETTING.rawTopic, step.partition, Number.MAX_SAFE_INTEGER)
      case 'loseOffsets':
        return cluster.loseOffsets(step.group === 'projector' ? 'projector' : `sanitizer.${SETTING.stream}`)
    }
  }

  #lastsMs(ms: number): void {
    this.#lastingUntilMs = Math.max(this.#lastingUntilMs, wallClockMs() + ms)
  }

  #heal(): void {
    this.#healedAtMs = Math.max(wallClockMs(), this.#lastingUntilMs)
    for (const broker of this.#cluster.brokers) {
      this.#cluster.startBroker(broker)
      this.#cluster.rejoin(broker)
    }
    this.#redis.fault('up')
    this.#redis.fault('join')
    // Who may stop by design stays down: what it stopped for is not mended.
    if (!this.#schedule.mayStop) for (const name of this.#schedule.running) this.#cast.start(name)
    this.#cast.resumeAll()
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#people.end()
    this.#topics.collect()
  }

  /** Nobody does anything any more. */
  close(): void {
    this.#cast.killAll()
  }

  get seen(): Seen {
    const { steps, mayStop } = this.#schedule
    return {
      ...this.#topics.seen,
      transactions: this.#sanitized().map(({ transactionalId, begunAtMs, decidedAtMs, offsets }) => ({
        id: transactionalId,
        begunAtMs,
        decidedAtMs,
        offsets: offsets.filter(({ topic }) => topic === SETTING.rawTopic),
      })),
      decisions: this.#people.decisions,
      stopped: this.#cast.stopped,
      mayStop,
      cutOff: steps.some((step) => step.do === 'kafka' && step.fault === 'isolate'),
      healedAtMs: this.#healedAtMs ?? 0,
      endedAtMs: wallClockMs(),
      boundMs: BOUND.commitsWithinMs,
      freshnessMs: FRESHNESS_MS,
    }
  }

  #sanitized() {
    return this.#cluster
      .ended()
      .filter(({ isCommit, transactionalId }) => isCommit && transactionalId.startsWith('san'))
  }
}
