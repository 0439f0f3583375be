import type { Rows } from '@weir/kafka'
import type { Command } from 'commander'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { countRows } from '../quarantine/count-rows.ts'
import { quarantineOf, type StreamOptions, streamsMeant } from '../quarantine/ground.ts'
import { readRanges } from '../quarantine/read-range.ts'
import { Redriven } from '../quarantine/redriven.ts'
import { Tally } from '../quarantine/tally.ts'
import { onCluster } from '../replay/cluster.ts'
import { Progress } from '../replay/progress.ts'
import { rangesOf } from '../replay/ranges.ts'
import { contractsOption, jsonOption } from './options.ts'
import { sinceOption, streamOption } from './quarantine-options.ts'

interface Options extends StreamOptions, JsonOption {
  readonly since?: number
}

const HELP = `
Reads the quarantine topics to their ends as they are now: headers only, so that no key is needed. "redriven" are those
that "weir quarantine redrive" has behind it; they stay until they expire.
Where: KAFKA_BROKERS (and KAFKA_SSL_…, KAFKA_SASL_…), WEIR_NAMESPACE.
Exit: 0 counted, 2 usage, 3 contract invalid, 4 Kafka unreachable, 5 refused: there is no such topic.`

export function addQuarantineList(parent: Command, cli: Cli): void {
  parent
    .command('list')
    .description('how many records are quarantined: by reason, raw partition and age')
    .addOption(streamOption())
    .addOption(sinceOption())
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => list(cli, options))
}

async function list(cli: Cli, options: Options): Promise<void> {
  const streams = streamsMeant(cli, options)
  await onCluster(cli, async (cluster) => {
    let records = 0
    for (const stream of streams) {
      const quarantine = await quarantineOf(cluster, stream)
      const { topic, partitions } = quarantine
      const sinceMs = options.since
      const ranges = await rangesOf(cluster.kafka, topic, partitions, sinceMs === undefined ? {} : { sinceMs })
      const tally = new Tally(Date.now())
      const redriven = new Redriven(cluster, quarantine)
      const progress = new Progress(cli, `reading ${topic}`, false)
      const take = async (rows: Rows) => {
        await countRows(rows, tally, redriven, sinceMs ?? 0)
        return true
      }
      await readRanges(cluster.kafka, topic, ranges, take, (done, total) => progress.show(done, total))
      progress.end()
      show(cli, options, stream.name, topic, tally)
      records += tally.records
    }
    if (options.json === true) outJson(cli, { kind: 'summary', records })
  })
}

function show(cli: Cli, { json }: Options, stream: string, topic: string, tally: Tally): void {
  if (json === true) for (const one of tally.counts) outJson(cli, { kind: 'count', stream, ...one })
  else if (tally.records === 0) cli.out(`${topic}: nothing\n`)
  else cli.out(`${topic}: ${tally.records} records, ${tally.redriven} of them redriven\n\n${tally.text()}\n`)
}
