import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectKafka } from '@weir/kafka'
import { dumpEach, type Following, follow, produce } from '../support/foreign/foreign.ts'
import { type Brokers, startBrokers } from './brokers.ts'
import { Chaos } from './chaos.ts'
import { compare, type Differences, sum } from './check/compare.ts'
import { LogTexts } from './check/log-texts.ts'
import { Crew } from './crew.ts'
import type { CopyOptions } from './options.ts'
import { sourceRecords } from './source.ts'
import { Tally, type Waits, waits } from './tally.ts'

const PARTITIONS = 9
const MEMBERS = 3
/** Longest pause inside a transaction with faults: so that faults find open ones, and at every stage. */
const CHAOS_PAUSE_MS = 400
const FROM = 'copy.in'
const TO = 'copy.out'
const PROGRESS_MS = 5_000

export interface CopyResult extends Differences {
  /** Read back from the source topic. */
  readonly records: number
  readonly brokers: number
  readonly seed: string
  readonly faults: Tally['faults']
  readonly committed: number
  readonly aborted: number
  readonly fenced: number
  readonly unknown: number
  /** The same check of what a reader saw that followed the copy all the time. */
  readonly duringRun: Differences
  readonly firstCommitAfter: { readonly memberKill: Waits | null; readonly brokerKill: Waits | null }
  /** Of the copying alone. */
  readonly seconds: number
}

/** One run: brokers, source, copy with or without faults, and the check of it by a client that is not ours. */
export async function runCopy(options: CopyOptions, say: (line: string) => void): Promise<CopyResult> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-copy-'))
  // Also when a signal ends this process in between.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  let brokers: Brokers | undefined
  try {
    brokers = await startBrokers(options.brokers)
    return await copyOn(brokers, folder, options, say)
  } finally {
    await brokers?.stop()
  }
}

async function copyOn(
  brokers: Brokers,
  folder: string,
  { records, perTransaction, chaos, faults, seed, brokers: brokerCount }: CopyOptions,
  say: (line: string) => void,
): Promise<CopyResult> {
  const { addresses } = brokers
  await createTopics(addresses)
  say(`producing ${records} records with Kafka's own client`)
  const ends = endsOf(await produce(addresses, sourceRecords(FROM, records, seed)))
  const seen = new LogTexts(PARTITIONS)
  const following = await follow(addresses, [TO], (record) => seen.add(record))

  const tally = new Tally()
  const pauseMs = chaos ? CHAOS_PAUSE_MS : 0
  const job = { brokers: addresses, groupId: 'copy', from: FROM, to: TO, recordsPerTransaction: perTransaction }
  const crew = new Crew({ ...job, pauseMs, seed, folder, ends }, tally)
  const progress = setInterval(() => say(progressLine(crew, records, tally)), PROGRESS_MS)
  const since = performance.now()
  try {
    for (let slot = 0; slot < MEMBERS; slot++) crew.start(slot)
    if (chaos)
      await withFaults(crew, new Chaos(crew, brokers, tally, { partitions: PARTITIONS, records, faults, seed }))
    else await crew.done
    await crew.leave()
  } finally {
    clearInterval(progress)
    await crew.kill()
  }
  const seconds = Math.round((performance.now() - since) / 100) / 10
  say(`${progressLine(crew, records, tally)}; copied after ${seconds} s, now checking`)
  const differences = await check(addresses, seen, following)
  return {
    brokers: brokerCount,
    seed,
    faults: tally.faults,
    ...tally.outcomes,
    ...differences,
    firstCommitAfter: { memberKill: waits(tally.afterMemberKill), brokerKill: waits(tally.afterBrokerKill) },
    seconds,
  }
}

async function createTopics(addresses: string): Promise<void> {
  const kafka = await connectKafka({ brokers: addresses.split(','), clientId: 'copy' })
  try {
    // The records' own times are long past.
    const config = { 'retention.ms': '-1' }
    await kafka.admin.ensureTopics([FROM, TO].map((topic) => ({ topic, partitions: PARTITIONS, config })))
  } finally {
    await kafka.close()
  }
}

function endsOf(landed: readonly { readonly partition: number; readonly offset: number }[]): Map<number, number> {
  const ends = new Map<number, number>()
  for (const { partition, offset } of landed) ends.set(partition, Math.max(offset + 1, ends.get(partition) ?? 0))
  return ends
}

/** Ends with the copy, or with the first thing that fails on either side; the brokers are then all back. */
async function withFaults(crew: Crew, chaos: Chaos): Promise<void> {
  const running = chaos.run()
  try {
    await Promise.race([crew.done, running])
    await crew.done
  } finally {
    chaos.stop()
    await running
  }
}

/** By Kafka's own client: what the source has, what the copy has now, and what was seen of it on the way. */
async function check(
  addresses: string,
  seen: LogTexts,
  following: Following,
): Promise<Differences & { records: number; duringRun: Differences }> {
  const source = new LogTexts(PARTITIONS)
  const copy = new LogTexts(PARTITIONS)
  await dumpEach(addresses, [FROM], (record) => source.add(record))
  await dumpEach(addresses, [TO], (record) => copy.add(record))
  await following.finish()
  const against = (log: LogTexts): Differences =>
    sum(Array.from({ length: PARTITIONS }, (_, partition) => compare(source.of(partition), log.of(partition))))
  return { records: source.count, ...against(copy), duringRun: against(seen) }
}

function progressLine(crew: Crew, records: number, { faults, outcomes }: Tally): string {
  const hits = Object.entries(faults).map(([kind, { injected, effective }]) => `${kind} ${injected}/${effective}`)
  return (
    `${crew.copied} of ${records} copied, ${outcomes.committed} commits, ${outcomes.aborted} aborted, ` +
    `${outcomes.fenced} fenced, ${outcomes.unknown} unknown; faults/effective: ${hits.join(', ')}`
  )
}
