import type { Rows } from '@weir/kafka'
import { labelOf, type OffsetRange, rangesOfOffsets } from '@weir/quarantine'
import { readConfig, registryConfig } from '@weir/service'
import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { type ChosenRecord, chosenRecord } from '../quarantine/chosen-record.ts'
import { type Quarantine, quarantineOf, type StreamOptions, sealerOf, streamMeant } from '../quarantine/ground.ts'
import { type Payload, payloadOf, registrySchemas } from '../quarantine/payload.ts'
import { readRanges } from '../quarantine/read-range.ts'
import { recordAct, type WhoOptions, whoAndWhy } from '../quarantine/record-act.ts'
import { recordText } from '../quarantine/record-text.ts'
import { type Cluster, onCluster } from '../replay/cluster.ts'
import { rangesOf } from '../replay/ranges.ts'
import { contractsOption, jsonOption } from './options.ts'
import { count, reasonOption, roleOption, sinceOption, streamOption } from './quarantine-options.ts'

interface Options extends StreamOptions, WhoOptions, JsonOption {
  readonly at?: readonly Place[]
  readonly code?: string
  readonly since?: number
  readonly limit: number
  readonly payload?: true
}

interface Place {
  readonly partition: number
  readonly offset: number
}

const HELP = `
Without --payload: where a record came from, when and why it was quarantined; nothing of the event, and no key is needed.
With --payload also what it holds, which is personal data: only with --role and --reason, and only after the look itself
was recorded in weir.acts (who, which records, when, why). Needs WEIR_ROOT_KEY_FILE and SCHEMA_REGISTRY_URL.
Exit: 0 shown, 1 some were not there or did not open, 2 usage, 4 Kafka unreachable or the look not recorded, 5 refused.`

export function addQuarantineShow(parent: Command, cli: Cli): void {
  parent
    .command('show')
    .description('single records: where they came from and why they are here; what they hold only with role and reason')
    .addOption(streamOption())
    .option('--at <partition:offset...>', 'these records of the quarantine topic', place)
    .option('--code <code>', 'records quarantined for this reason, such as WEIR_EVENT_MALFORMED')
    .addOption(sinceOption())
    .option('--limit <count>', 'at most so many, one partition after another, its oldest first', count, 10)
    .option('--payload', 'also what they hold')
    .addOption(roleOption())
    .addOption(reasonOption())
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => show(cli, options))
}

async function show(cli: Cli, options: Options): Promise<void> {
  checkOptions(options)
  const stream = streamMeant(cli, options)
  const looks = options.payload === true ? looking(cli, options) : null
  await onCluster(cli, async (cluster) => {
    const quarantine = await quarantineOf(cluster, stream)
    const records = await chosen(cluster, quarantine, options)
    let isComplete = records.length >= wantedPlaces(options).size
    if (!isComplete) cli.say('Some of these records are not there: expired, or never written.')
    else if (records.length === 0) cli.say(`${quarantine.topic}: no such record`)
    if (looks !== null && records.length > 0) await looks.record(cluster, quarantine, records)
    for (const record of records) {
      const payload = looks === null ? null : await looks.open(quarantine, record)
      if (typeof payload === 'string') isComplete = false
      if (options.json === true) outJson(cli, recordOf(quarantine, record, payload))
      else cli.out(recordText(quarantine.topic, record, payload))
    }
    if (!isComplete) cli.end(ExitCode.someFailed)
  })
}

function checkOptions({ at, code, since, payload, role, reason }: Options): void {
  if (at !== undefined && code !== undefined) throw usageError('Give --at or --code, not both.')
  if (at !== undefined && since !== undefined) throw usageError('Give no --since with --at: --at names them.')
  if (payload === undefined && (role !== undefined || reason !== undefined)) {
    throw usageError('--role and --reason are for --payload: without it nothing of an event is shown or recorded.')
  }
}

/** What a look needs, found before anything is read. */
function looking(cli: Cli, options: Options) {
  const who = whoAndWhy(options, 'Looking at what records hold')
  const sealer = sealerOf(cli)
  const settings = readConfig('weir quarantine show', z.object({ ...registryConfig }), cli.env)
  const schemas = registrySchemas(settings.SCHEMA_REGISTRY_URL)
  return {
    record: ({ kafka, namespace }: Cluster, { stream, topic }: Quarantine, records: readonly ChosenRecord[]) => {
      const act = { kind: 'look', stream, topic, code: null, ranges: rangesOfOffsets(records), ...who } as const
      return recordAct({ kafka, namespace }, sealer, act, 'nothing is shown')
    },
    open: ({ topic }: Quarantine, { sealed }: ChosenRecord) => payloadOf(sealer, topic, sealed, schemas),
  }
}

async function chosen(
  { kafka }: Cluster,
  { topic, partitions }: Quarantine,
  options: Options,
): Promise<ChosenRecord[]> {
  const { at, code, since, limit } = options
  const sinceMs = since ?? 0
  const wanted = wantedPlaces(options)
  const most = at === undefined ? limit : wanted.size
  const inLog = await rangesOf(kafka, topic, partitions, since === undefined ? {} : { sinceMs })
  const records: ChosenRecord[] = []
  const take = async (rows: Rows) => {
    for (let row = 0; row < rows.count && records.length < most; row++) {
      const isMeant =
        at === undefined
          ? (rows.timestampMs[row] as number) >= sinceMs && (code === undefined || labelOf(rows, row)?.code === code)
          : wanted.has(`${rows.partition[row]}:${rows.offset[row]}`)
      if (isMeant) records.push(chosenRecord(rows, row))
    }
    return records.length < most
  }
  for (const range of at === undefined ? inLog : only(inLog, at)) {
    if (records.length < most) await readRanges(kafka, topic, [range], take)
  }
  return records
}

/** Each once, however often it was named. */
function wantedPlaces({ at }: Options): ReadonlySet<string> {
  return new Set(at?.map(({ partition, offset }) => `${partition}:${offset}`))
}

function only(inLog: readonly OffsetRange[], places: readonly Place[]): OffsetRange[] {
  return rangesOfOffsets(places).flatMap(({ partition, from, to }) => {
    const there = inLog.find((range) => range.partition === partition)
    if (there === undefined) return []
    const range = { partition, from: Math.max(from, there.from), to: Math.min(to, there.to) }
    return range.from < range.to ? [range] : []
  })
}

function recordOf({ stream }: Quarantine, record: ChosenRecord, payload: Payload | string | null): object {
  const { partition, offset, atMs, label } = record
  const about = { kind: 'record', stream, partition, offset, quarantinedAtMs: atMs, ...label }
  if (payload === null) return about
  return typeof payload === 'string' ? { ...about, payload: null, notice: payload } : { ...about, payload }
}

function place(text: string, before: readonly Place[] = []): Place[] {
  const found = /^(\d{1,5}):(\d{1,15})$/.exec(text)
  if (found === null) throw new InvalidArgumentError('Write partition and offset of the quarantine topic, as 0:12.')
  return [...before, { partition: Number(found[1]), offset: Number(found[2]) }]
}
