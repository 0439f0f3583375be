import { connectPublisher } from '@weir/test/workload/publisher.ts'
import type { Shopper } from '@weir/test/workload/shoppers.ts'
import type { Planned } from '@weir/test/workload/stream.ts'
import { withValueAt } from '@weir/test/workload/value-at.ts'
import { caughtUp } from './catch-up.ts'
import type { Cleanup } from './cleanup.ts'
import { ConsentClient } from './consent-client.ts'
import { stepsOf } from './decisions-on-the-way.ts'
import { cleanRecords, firstClean } from './first-clean.ts'
import { firstGrants } from './first-grants.ts'
import { type Ground, layGround } from './ground.ts'
import { Journal, RawPlace } from './journal.ts'
import { judgeInThread } from './judge-in-thread.ts'
import { keepOn } from './keep-on.ts'
import { readMetrics } from './metrics-page.ts'
import { rateFor } from './options.ts'
import type { Prepared } from './prepare.ts'
import { grouped, progressLine, progressOf } from './progress.ts'
import { ProgressLines } from './progress-lines.ts'
import { publishStream, type StreamParts } from './publish-stream.ts'
import { all, type Services, startServices, whyNotReady } from './services.ts'
import { beforeAndAfter } from './show-event.ts'
import { type Result, verdict } from './verdict.ts'

export interface DemoSurroundings {
  /** Plain lines for people. */
  readonly say: (line: string) => void
  readonly cleanup: Cleanup
  /** Aborts when the demo is to end. */
  readonly signal: AbortSignal
}

const PROGRESS_MS = 1000
const SLOW_PROGRESS_MS = 5000

/** The whole demo. Resolves with the result of the check (--once), or never: without it the stream goes on. */
export async function runDemo(prepared: Prepared, around: DemoSurroundings): Promise<Result> {
  const ground = await layGround(prepared, around.cleanup, around.say)
  const starting = startAll(prepared, ground, around)
  const services = await Promise.race([starting, ground.lost])
  const failures = [ground.lost, ...all(services).map((service) => service.died)]
  return await Promise.race([stream(prepared, ground, services, around), ...failures])
}

async function startAll({ contractsFolder }: Prepared, ground: Ground, around: DemoSurroundings): Promise<Services> {
  const since = performance.now()
  const services = await startServices(ground.env, ground.namespace, contractsFolder, ground.data, (started) => {
    around.cleanup.add('services', async () => {
      await Promise.all(all(started).map((service) => service.stop()))
    })
  })
  around.say(`projector, consent and sanitizer ready after ${seconds(since)} s; logs in ${ground.data.path}`)
  return services
}

async function stream(
  prepared: Prepared,
  ground: Ground,
  services: Services,
  around: DemoSurroundings,
): Promise<Result> {
  const { options, plan, purposes } = prepared
  const { say, signal } = around
  const notices = new Map(prepared.contracts.purposes.map(({ name, notice }) => [name, notice]))
  const consent = new ConsentClient(await services.consent.url('http'), ground.data.serviceToken, notices)
  const rawTopic = ground.topicName(prepared.stream.rawTopic)
  const [rawInfo] = await ground.kafka.topics([rawTopic])
  const groupId = ground.topicName(`sanitizer.${prepared.stream.name}`)
  const raw = new RawPlace(ground.kafka, groupId, rawTopic, rawInfo?.partitions ?? 0)
  const journal = new Journal(consent, raw)

  const since = performance.now()
  say(`${grouped(plan.shoppers.all.length)} shoppers decide…`)
  const decisions = await firstGrants(plan.shoppers, purposes, journal)
  say(`${grouped(decisions)} decisions in force after ${seconds(since)} s`)
  const yours = formShopper(prepared)
  say(`Be a shopper yourself: ${await consent.link({ kind: 'user', id: yours.subjectId })}`)
  if (options.input !== null)
    say('The events come from outside: their times are moved to when they are published, after the grants.')

  const publisher = await connectPublisher({
    brokers: ground.env.KAFKA_BROKERS,
    registryUrl: ground.env.SCHEMA_REGISTRY_URL,
    stream: prepared.stream,
    namespace: ground.namespace,
  })
  around.cleanup.add('publisher', () => publisher.close())
  let published = 0
  const parts: StreamParts = {
    publisher,
    signal,
    onPublished: (records) => {
      published += records
    },
  }
  const records = plan.records()
  const secondsToFirstClean = await showFirst(prepared, ground, parts, records, say)
  const progress = new ProgressLines(() => currentLine(services, purposes, published), say)
  around.cleanup.add('progress', () => progress.stop())
  progress.every(PROGRESS_MS)

  const standing = () => caughtUp(raw, () => whyNotReady(services.sanitizer))
  const { steps, withdrawal } = stepsOf({ shoppers: plan.shoppers, purposes, journal, caughtUp: standing, say })
  await publishStream(records, plan.events - 1, rateFor(options, plan.events), steps, parts)
  await standing()
  if (!options.once) {
    say('All is processed. The stream goes on slowly; Ctrl-C ends it. Try the form:')
    say(await consent.link({ kind: 'user', id: yours.subjectId }))
    progress.every(SLOW_PROGRESS_MS)
    await keepOn(plan, yours, consent, parts, say)
  }
  progress.stop()
  say(await currentLine(services, purposes, published))
  say(await forgottenLine(services))
  say('Now everything is read by a foreign client and checked, record by record…')
  const { report, search } = await judgeInThread({
    brokers: ground.env.KAFKA_BROKERS,
    registryUrl: ground.env.SCHEMA_REGISTRY_URL,
    redisUrl: ground.env.REDIS_URL,
    namespace: ground.namespace,
    contractsFolder: prepared.contractsFolder,
    stream: prepared.stream.name,
    rootKey: ground.data.rootKey,
    referenceKey: ground.data.referenceKey,
    journal: journal.entries,
    logFiles: all(services).map((service) => service.logFile),
    metrics: await Promise.all(all(services).map((service) => service.metrics())),
  })
  for (const finding of report.findings) say(`finding: ${finding}`)
  return verdict({
    report,
    search,
    published,
    planted: plan.planted,
    withdrawalId: withdrawal()?.decisionId ?? null,
    given: options.input !== null,
    secondsToFirstClean,
    seconds: performance.now() / 1000,
  })
}

/** Publishes the first event alone, and shows what becomes of it. Resolves with the seconds since the demo's start. */
async function showFirst(
  { stream: contract }: Prepared,
  ground: Ground,
  parts: StreamParts,
  records: Iterator<Planned>,
  say: (line: string) => void,
): Promise<number> {
  const first = records.next()
  if (first.done === true) return Number.NaN
  const now = Date.now()
  const event = withValueAt(first.value.event, contract.eventTime, now)
  await parts.publisher.send([first.value], now)
  parts.onPublished(1)
  await firstClean(ground.kafka, contract, ground.topicName)
  const secondsToFirstClean = performance.now() / 1000
  say(`First clean record ${secondsToFirstClean.toFixed(1)} s after the start.`)
  const found = await cleanRecords(ground.env.KAFKA_BROKERS, contract, ground.topicName)
  for (const line of beforeAndAfter(contract, event, found)) say(line)
  return secondsToFirstClean
}

async function forgottenLine({ forgetter }: Services): Promise<string> {
  const pseudonyms = (await readMetrics(forgetter)).sum('weir_forgetter_orders_total', { outcome: 'forgotten' })
  return `Whoever reads the clean topics was told of ${pseudonyms} pseudonyms to be dropped for good.`
}

async function currentLine(services: Services, purposes: readonly string[], published: number): Promise<string> {
  const page = await readMetrics(services.sanitizer)
  return progressLine(performance.now() / 1000, published, progressOf(page, purposes))
}

/** Somebody busy who has granted everything and has no part in the story. */
function formShopper({ plan, purposes }: Prepared): Shopper {
  const all = plan.shoppers.all
  const free = all.find(
    (one) => one.role === null && one.consent === 'granted' && one.purposes.length === purposes.length,
  )
  const shopper = free ?? all[0]
  if (shopper === undefined) throw new Error('there is no shopper')
  return shopper
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}
