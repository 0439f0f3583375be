import { LEAST_EVENTS } from '@weir/test/workload/stream.ts'
import { Command, InvalidArgumentError } from 'commander'

export interface DemoOptions {
  /** Records to publish; null with `input`. */
  readonly events: number
  /** Events a second; null: so that the stream takes about STREAM_SECONDS. */
  readonly rate: number | null
  readonly seed: number
  /** NDJSON file, or `-` for stdin; null: events are made up. */
  readonly input: string | null
  /** End when all is processed and checked, instead of keeping on. */
  readonly once: boolean
  readonly json: boolean
}

const DEFAULT_EVENTS = 20_000
const STREAM_SECONDS = 15

/** Reads the command line. Ends the process with 2 when it is wrong, with 0 after --help. */
export function readOptions(argv: readonly string[]): DemoOptions {
  const command = new Command('npm run demo --')
    .description(
      'Starts Kafka, Redis, a schema registry and every service of Weir, publishes a stream of shoppers, and shows ' +
        'what reaches each purpose and how a withdrawal takes effect. Ctrl-C ends it and leaves nothing behind.',
    )
    .option(
      '--events <count>',
      `records to publish (at least ${LEAST_EVENTS})`,
      wholeNumber(LEAST_EVENTS),
      DEFAULT_EVENTS,
    )
    .option('--rate <perSecond>', `events a second (default: so that it takes about ${STREAM_SECONDS} s)`, positive)
    .option('--seed <number>', 'what makes the stream: the same seed gives the same events', wholeNumber(0), 42)
    .option('--input <file>', 'NDJSON events from a file, or - for stdin, instead of made-up ones')
    .option('--once', 'end when all is processed, after checking every record; otherwise it keeps on')
    .option('--json', 'with --once: one JSON object as the last line on stdout, all else on stderr')
    .addHelpText('after', HELP)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  command.parse([...argv])
  const given = command.opts<{
    events: number
    rate?: number
    seed: number
    input?: string
    once?: true
    json?: true
  }>()
  if (given.json && !given.once) command.error('error: --json needs --once: without it there is no end to report on')
  return {
    events: given.events,
    rate: given.rate ?? null,
    seed: given.seed,
    input: given.input ?? null,
    once: given.once === true,
    json: given.json === true,
  }
}

/** Events a second, for a stream of this length. */
export function rateFor(options: DemoOptions, events: number): number {
  return options.rate ?? Math.max(10, events / STREAM_SECONDS)
}

const HELP = `
Exit codes: 0 all well, 1 a service failed, 2 usage or input, 3 contract invalid, 4 stack unreachable,
20 the check found a difference or violation, 130 interrupted.`

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d{1,9}$/.test(text) && number >= least) return number
    throw new InvalidArgumentError(`Write a whole number, at least ${least}.`)
  }
}

function positive(text: string): number {
  const number = Number(text)
  if (/^\d{1,7}(\.\d+)?$/.test(text) && number > 0) return number
  throw new InvalidArgumentError('Write a number of events a second, such as 500.')
}
