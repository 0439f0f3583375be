import type { Command } from 'commander'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { refusal } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { ACTS_TOPIC, type Act, openAct } from '../quarantine/act.ts'
import { sealedValue } from '../quarantine/chosen-record.ts'
import { sealerOf } from '../quarantine/ground.ts'
import { harmless } from '../quarantine/harmless.ts'
import { readRanges } from '../quarantine/read-range.ts'
import { timeText } from '../quarantine/tally.ts'
import { onCluster } from '../replay/cluster.ts'
import { rangesOf } from '../replay/ranges.ts'
import { jsonOption } from './options.ts'
import { sinceOption } from './quarantine-options.ts'

interface Options extends JsonOption {
  readonly since?: number
}

const HELP = `
Reads weir.acts, which is kept for a year. Needs WEIR_ROOT_KEY_FILE. Role and reason are what they said themselves.
Exit: 0 told, 1 some could not be read, 2 usage, 4 Kafka unreachable, 5 refused: there is no such topic.`

export function addQuarantineActs(parent: Command, cli: Cli): void {
  parent
    .command('acts')
    .description('who looked at payloads, deleted records or sent them again: when, in which role, why')
    .addOption(sinceOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => acts(cli, options))
}

async function acts(cli: Cli, { since, json }: Options): Promise<void> {
  const sealer = sealerOf(cli)
  await onCluster(cli, async ({ kafka, namespace }) => {
    const topic = namespace + ACTS_TOPIC
    const [found] = await kafka.topics([topic])
    if (found === undefined) throw refusal(`There is no topic ${topic}. Run: weir contract apply --execute`)
    const ranges = await rangesOf(kafka, topic, found.partitions, since === undefined ? {} : { sinceMs: since })
    let told = 0
    await readRanges(kafka, topic, ranges, async (rows) => {
      for (let row = 0; row < rows.count; row++) {
        told++
        const act = openAct(sealer, topic, sealedValue(rows, row))
        if (typeof act === 'string') {
          // Whoever can write there must not hide the others by it.
          cli.say(`The record ${rows.partition[row]}:${rows.offset[row]} of ${topic} can’t be read: ${act}`)
          cli.end(ExitCode.someFailed)
        } else if (json === true) outJson(cli, { ...act, kind: 'act', did: act.kind })
        else cli.out(actText(act))
      }
      return true
    })
    if (told === 0) cli.say(`${topic}: nothing is recorded${since === undefined ? '' : ' since then'}`)
  })
}

function actText({ kind, topic, code, ranges, role, why, user, host, atMs }: Act): string {
  const places = ranges.map(({ partition, from, to }) => `${partition}:${from}${to === from + 1 ? '' : `–${to - 1}`}`)
  const lines = [
    `${timeText(atMs)} ${kind} by ${role} (${user} on ${host}): ${why}`,
    `  ${topic}${code === null ? '' : `, ${code}`} ${places.join(' ')}`,
  ]
  return `${lines.map(harmless).join('\n')}\n`
}
