import { setTimeout as sleep } from 'node:timers/promises'
import { ContractError } from '@weir/contracts'
import { connectKafka, type Kafka, KafkaError, OffsetOutOfRange } from '@weir/kafka'
import { UnsafeSettings } from '@weir/preflight'
import { checkPlan, offsetsDone, offsetsOf, PlanError, type ReplayPlan, readPlan, readTopics } from '@weir/replay'
import { contractFingerprint, kafkaOptions, type RunningService, runService, slotConfig } from '@weir/service'
import { z } from 'zod'
import type { Clock } from './environment.ts'
import { openSanitizer, sanitizerConfig } from './open-sanitizer.ts'
import { committedOf, replaySource } from './replay-source.ts'
import { type ReplayState, watchReplay } from './replay-watch.ts'

/**
 * `replay.ts <plan>`: the plan's ranges of raw go through the sanitizer again, under today's consent, into the plan's
 * topics, which have to be there. How far it is, is what its group has committed, in the transactions that publish: so
 * whoever starts it again goes on, once each. Several processes, a WEIR_SLOT each, share the partitions of a plan.
 *
 * Standard output is NDJSON, with the log between: `{"kind":"progress","offsets","total","perSecond"}`, over all processes,
 * `{"kind":"waiting","why"}`, and at the end `{"kind":"done","state":"completed"|"cancelled"|"interrupted","offsets",
 * "total"}`. Why it refuses is said on standard error.
 * Exit 0 completed, now or before; 1 failed; 2 usage; 3 contract invalid; 4 something unreachable; 5 refused or
 * cancelled; 130 asked to end (SIGINT, SIGTERM) before it was completed.
 */
const EXIT = { completed: 0, usage: 2, contract: 3, unreachable: 4, refused: 5, interrupted: 130 } as const
/** How long the last look at what is committed may take. */
const LAST_LOOK_MS = 1_000

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
}

const config = z.object({ ...sanitizerConfig, ...slotConfig })
type Settings = z.output<typeof config>

await runService({
  name: 'replay',
  config,
  exitWhenAsked: EXIT.interrupted,
  async start({ config: settings, log, metrics, signal, fail, end }): Promise<RunningService> {
    let stopped = false
    /** What people have to mend ends it with a message of its own, anything else as a bug. */
    const stop = (error: unknown) => {
      stopped = true
      const told = error instanceof OffsetOutOfRange ? rangeGone(error) : error
      const code = exitCodeOf(told)
      if (code === null || !(told instanceof Error)) return fail(told)
      process.stderr.write(`${told.message}\n`)
      end(code)
    }
    try {
      const plan = readPlan(planFile())
      const kafka = await connectKafka({ ...kafkaOptions(settings, 'weir-replay-watch'), signal })
      if (await isCompleted(kafka, plan, settings, signal)) {
        tell({ kind: 'done', state: 'completed', offsets: offsetsOf(plan), total: offsetsOf(plan) })
        end(EXIT.completed)
        return { ready: () => ({ ok: true }), close: () => kafka.close() }
      }
      const sanitizer = await openSanitizer({
        settings,
        clientId: 'weir-replay',
        streamName: plan.stream,
        source: (ground) => replaySource(plan, settings.WEIR_SLOT, ground),
        outputs: plan.outputs,
        quarantines: false,
        metrics,
        log,
        signal,
        fail: stop,
      })
      let state: ReplayState = 'interrupted'
      const watching = watchReplay({
        plan,
        committed: () => committedOf(kafka, plan, signal),
        isCancelled: async () => (await statusOf(kafka, plan, signal))?.status === 'cancelled',
        ready: sanitizer.ready,
        tell,
        clock,
        signal,
      }).then((seen) => {
        state = seen
        if (seen !== 'interrupted') end(seen === 'completed' ? EXIT.completed : EXIT.refused)
      }, stop)
      return {
        ready: sanitizer.ready,
        async close() {
          await watching
          await sanitizer.close()
          if (!stopped) tell({ kind: 'done', state, offsets: await lastSeen(kafka, plan), total: offsetsOf(plan) })
          await kafka.close()
        },
      }
    } catch (error) {
      if (!signal.aborted) stop(error)
      else tell({ kind: 'done', state: 'interrupted' })
      throw error
    }
  },
})

function planFile(): string {
  const file = process.argv[2]
  if (file !== undefined && process.argv.length === 3) return file
  throw new PlanError('WEIR_PLAN_UNREADABLE', 'Name the plan: replay.ts <file>')
}

/** Whether it was completed before. @throws PlanError when it must not be run */
async function isCompleted(kafka: Kafka, plan: ReplayPlan, settings: Settings, signal: AbortSignal): Promise<boolean> {
  const status = await statusOf(kafka, plan, signal)
  const [raw] = await kafka.topics([plan.rawTopic])
  const at = plan.ranges.map(({ partition }) => ({ topic: plan.rawTopic, partition }))
  checkPlan(plan, {
    nowMs: Date.now(),
    namespace: settings.WEIR_NAMESPACE,
    contract: contractFingerprint(settings.WEIR_CONTRACTS).toString('hex'),
    rawTopicId: raw?.topicId ?? null,
    earliest: raw === undefined ? [] : await kafka.endOffsets(at, 'earliest'),
    committed: raw === undefined ? [] : await committedOf(kafka, plan, signal),
    status,
  })
  return status?.status === 'completed'
}

/** What `weir.topics` says of the plan; null: it was never begun. */
async function statusOf(kafka: Kafka, { namespace, planId }: ReplayPlan, signal: AbortSignal) {
  return (await readTopics(kafka, namespace, signal)).plans.get(planId) ?? null
}

/** Offsets that are committed; null when the broker does not say it in time. */
async function lastSeen(kafka: Kafka, plan: ReplayPlan): Promise<number | null> {
  try {
    return offsetsDone(plan, await committedOf(kafka, plan, AbortSignal.timeout(LAST_LOOK_MS)))
  } catch (error) {
    if (error instanceof KafkaError) return null
    throw error
  }
}

function rangeGone(error: OffsetOutOfRange): PlanError {
  return new PlanError(
    'WEIR_PLAN_RANGE_GONE',
    `Part of what the plan replays is no longer in the log: ${error.message}. Plan again.`,
    { cause: error },
  )
}

function tell(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

/** Null: a bug, or what only its log tells. */
function exitCodeOf(error: unknown): number | null {
  if (error instanceof ContractError) return EXIT.contract
  if (error instanceof PlanError) return error.code === 'WEIR_PLAN_UNREADABLE' ? EXIT.usage : EXIT.refused
  if (error instanceof UnsafeSettings) return EXIT.refused
  return error instanceof KafkaError && error.retriable ? EXIT.unreachable : null
}
