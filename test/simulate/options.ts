import { parseArgs } from 'node:util'
import { defences } from './defences/index.ts'
import { DIRECTED, type DirectedName } from './schedule/index.ts'

export interface SimulateOptions {
  readonly from: number
  readonly seeds: number
  /** No schedule begins later than this (s); null: as long as it takes. */
  readonly seconds: number | null
  /** The hand-timed schedule that each seed is of; undefined: drawn ones. */
  readonly directed: DirectedName | undefined
  /** The defence that is switched off. */
  readonly without: string | undefined
  /** Every defence is switched off in turn instead. */
  readonly isTable: boolean
  /** The one seed is told in words, whatever it comes to, with what processes said. */
  readonly isReplay: boolean
  readonly workers: number
  readonly json: boolean
}

const SEEDS = 300
const WORKERS = 2

export const USAGE = `npm run simulate -- [options]

  --seeds N           so many schedules (${SEEDS})
  --from N            beginning with this seed (0)
  --seconds S         none begins later than this
  --directed NAME     hand-timed schedules instead of drawn ones: ${DIRECTED.join(', ')}
  --replay SEED       only this one, told in words, with what the processes said
  --without DEFENCE   with this defence switched off
  --defences          each defence switched off in turn, and what it took to find that out
  --workers N         threads (${WORKERS})
  --json              the last line of standard output is one JSON object

Exit 0 when no promise was broken, 20 when one was (with --defences: when one missing defence was not found out).`

/** @throws Error that says what is wrong with the command line */
export function readOptions(args: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seconds: { type: 'string' },
      directed: { type: 'string' },
      replay: { type: 'string' },
      without: { type: 'string' },
      defences: { type: 'boolean', default: false },
      workers: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const { directed, without } = values
  const name = DIRECTED.find((known) => known === directed)
  if (directed !== undefined && name === undefined) {
    throw new Error(`--directed is one of ${DIRECTED.join(', ')}, not ${directed}`)
  }
  if (without !== undefined && !defences.some((known) => known.name === without)) {
    throw new Error(`--without is one of ${defences.map((known) => known.name).join(', ')}, not ${without}`)
  }
  const replay = wholeNumber('replay', values.replay)
  return {
    from: replay ?? wholeNumber('from', values.from) ?? 0,
    seeds: replay === undefined ? (wholeNumber('seeds', values.seeds) ?? SEEDS) : 1,
    seconds: wholeNumber('seconds', values.seconds) ?? null,
    directed: name,
    without,
    isTable: values.defences,
    isReplay: replay !== undefined,
    workers: replay === undefined ? (wholeNumber('workers', values.workers) ?? WORKERS) : 1,
    json: values.json,
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is a whole number, not ${text}`)
  return Number(text)
}
