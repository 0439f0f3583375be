import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ContractError } from '@weir/contracts'
import { type Kafka, KafkaError } from '@weir/kafka'
import { redriveGroup } from '@weir/quarantine'
import { type RunningService, runService } from '@weir/service'
import { z } from 'zod'
import { ChunkReader } from './chunk-reader.ts'
import { openSanitizer, type Source, type SourceGround, sanitizerConfig } from './open-sanitizer.ts'
import { RedriveReader } from './redrive-reader.ts'
import { type Redrive, redriveOf } from './redrive-task.ts'

/**
 * `redrive.ts <task>`: quarantined records of one reason go through the sanitizer again; the task is JSON (redrive-task.ts).
 * How far the reason is, is the committed place of its group, moved in the transactions that publish: so each is published
 * once, and whoever starts this again goes on. `weir quarantine redrive` starts it.
 *
 * Standard output is NDJSON, with the log between: `{"kind":"progress","offsets","total"}`, `{"kind":"waiting","why"}`, and
 * at the end `{"kind":"done","state":"completed"|"interrupted","processed","quarantined"}`, of this run.
 * Exit 0 completed, 1 failed, 2 usage, 3 contract invalid, 130 interrupted (SIGINT, SIGTERM).
 */
const LOOK_EVERY_MS = 200
/** Quarantine is where the largest records are, and each is in memory sealed and opened. */
const CHUNK_RECORDS = 100
const EXIT = { completed: 0, contract: 3, interrupted: 130 } as const

await runService({
  name: 'redrive',
  config: z.object(sanitizerConfig),
  exitWhenAsked: EXIT.interrupted,
  async start({ config: settings, log, metrics, signal, fail, end }): Promise<RunningService> {
    const sums = { processed: 0, quarantined: 0 }
    let stopped = false
    /** A contract to be mended ends it with a message of its own, anything else is in the log. */
    const stop = (error: unknown) => {
      stopped = true
      if (!(error instanceof ContractError)) return fail(error)
      process.stderr.write(`${error.message}\n`)
      end(EXIT.contract)
    }
    try {
      const redrive = redriveOf(process.argv[2])
      const sanitizer = await openSanitizer({
        settings,
        clientId: 'weir-redrive',
        streamName: redrive.stream,
        source: (ground) => sourceOf(redrive, ground),
        quarantines: true,
        metrics,
        log,
        signal,
        fail: stop,
        onCommitted({ rows, quarantined }) {
          sums.processed += rows
          for (const count of quarantined.values()) sums.quarantined += count
        },
      })
      let state: 'completed' | 'interrupted' = 'interrupted'
      const watching = ended(sanitizer.kafka, sanitizer.source, redrive, sanitizer.ready, signal).then((seen) => {
        state = seen
        if (seen === 'completed') end(EXIT.completed)
      }, stop)
      return {
        ready: sanitizer.ready,
        async close() {
          await watching
          await sanitizer.close()
          if (!stopped) tell({ kind: 'done', state, ...sums })
        },
      }
    } catch (error) {
      if (!signal.aborted) stop(error)
      // Told to end before it had begun: it has nothing to bring to an end.
      else tell({ kind: 'done', state: 'interrupted', ...sums })
      throw error
    }
  },
})

function sourceOf(redrive: Redrive, { kafka, stream, rawTopic, name, signal }: SourceGround): Source {
  const topic = name(stream.quarantineTopic)
  const groupId = name(redriveGroup(stream.name, redrive.code))
  return {
    topic,
    groupId,
    // Of this process alone: two at once share the partitions, and do not fence each other.
    transactionalId: `${groupId}.${randomUUID().slice(0, 8)}`,
    kind: 'redrive',
    startsAt: (partitions) => startsAt(kafka, groupId, topic, partitions, signal),
    reader({ fetcher, sealer, clock }) {
      const ends = new Map(redrive.ranges.map(({ partition, to }) => [partition, to]))
      const sealed = new ChunkReader(topic, fetcher, clock.monotonicMs, { ends, chunkRecords: CHUNK_RECORDS })
      return new RedriveReader(redrive, { topic, rawTopic }, sealed, sealer, clock)
    },
  }
}

/** What expired before it was redriven is passed over: it is gone, as the retention of the topic says. */
async function startsAt(
  kafka: Kafka,
  groupId: string,
  topic: string,
  partitions: readonly number[],
  signal: AbortSignal,
): Promise<Map<number, number>> {
  const asked = partitions.map((partition) => ({ topic, partition }))
  const committed = await kafka.committedOffsets(groupId, asked, signal)
  const earliest = await kafka.endOffsets(asked, 'earliest')
  return new Map(partitions.map((partition, i) => [partition, Math.max(committed[i] ?? 0, earliest[i] ?? 0)]))
}

/** Resolves when all that is to be redriven is committed, or the signal aborts. Tells how far it is. */
async function ended(
  kafka: Kafka,
  { groupId, topic }: Source,
  { ranges }: Redrive,
  ready: () => { readonly ok: boolean; readonly why?: string },
  signal: AbortSignal,
): Promise<'completed' | 'interrupted'> {
  const partitions = ranges.map(({ partition }) => partition)
  let first: ReadonlyMap<number, number> | null = null
  let said = ''
  while (!signal.aborted) {
    try {
      const now = await startsAt(kafka, groupId, topic, partitions, signal)
      first ??= now
      const { offsets, total } = moved(ranges, first, now)
      tell({ kind: 'progress', offsets, total })
      if (offsets >= total) return 'completed'
    } catch (error) {
      // The broker is away for now: the loop waits as well.
      if (!(error instanceof KafkaError)) throw error
    }
    const { ok, why = '' } = ready()
    if (!ok && why !== said) tell({ kind: 'waiting', why })
    said = ok ? '' : why
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
  return 'interrupted'
}

function moved(
  ranges: Redrive['ranges'],
  first: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
): { offsets: number; total: number } {
  let offsets = 0
  let total = 0
  for (const { partition, to } of ranges) {
    const from = Math.min(first.get(partition) ?? 0, to)
    total += to - from
    offsets += Math.min(now.get(partition) ?? 0, to) - from
  }
  return { offsets, total }
}

function tell(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`)
}
