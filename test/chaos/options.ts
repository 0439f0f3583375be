import { parseArgs } from 'node:util'
import { PLANTS, type Plant } from './plant.ts'

export interface ChaosOptions {
  /** At least so many raw records. */
  readonly records: number
  /** At least so many effective faults. */
  readonly faults: number
  /** The storm ends after this time (s), whatever it has done. */
  readonly atMostS: number
  readonly brokers: 1 | 3
  readonly perSecond: number
  /** Gaps between faults that hit everybody, as a share of those of the long form. */
  readonly pace: number
  readonly seed: string
  /** Planted into the evidence before it is judged. */
  readonly plant: readonly Plant[]
  readonly json: boolean
  /** Logs of the services are left here, and evidence when something is wrong. */
  readonly keep: string | undefined
}

const LONG = { records: 100_000, faults: 300, atMostS: 1_500, brokers: 3, perSecond: 200, pace: 1 } as const
const SHORT = { records: 8_000, faults: 30, atMostS: 100, brokers: 1, perSecond: 120, pace: 0.45 } as const

export const USAGE = `npm run chaos -- [options]

  --short                a small run: ${SHORT.records} records, ${SHORT.faults} effective faults, one broker, at most ${SHORT.atMostS} s of them
  --records N            at least so many raw records (${LONG.records})
  --faults N             and at least so many effective faults (${LONG.faults})
  --at-most S            no fault begins later than this, in seconds (${LONG.atMostS})
  --brokers 1|3          (${LONG.brokers})
  --per-second N         rate of the source (${LONG.perSecond})
  --seed TEXT            of events, decisions and faults (weir)
  --plant KIND           plants ${PLANTS.join(', ')} into the evidence before it is judged; may be given several times
  --keep FOLDER          leaves the services' logs there, and the evidence when something is wrong
  --json                 the last line of standard output is one JSON object`

/** @throws Error that says what is wrong with the command line */
export function readOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      records: { type: 'string' },
      faults: { type: 'string' },
      'at-most': { type: 'string' },
      brokers: { type: 'string' },
      'per-second': { type: 'string' },
      seed: { type: 'string', default: 'weir' },
      plant: { type: 'string', multiple: true, default: [] },
      keep: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const form = values.short ? SHORT : LONG
  const brokers = values.brokers ?? String(form.brokers)
  if (brokers !== '1' && brokers !== '3') throw new Error(`--brokers is 1 or 3, not ${brokers}`)
  const unknown = values.plant.find((kind) => !PLANTS.some((known) => known === kind))
  if (unknown !== undefined) throw new Error(`--plant is one of ${PLANTS.join(', ')}, not ${unknown}`)
  return {
    records: wholeNumber('records', values.records) ?? form.records,
    faults: wholeNumber('faults', values.faults) ?? form.faults,
    atMostS: wholeNumber('at-most', values['at-most']) ?? form.atMostS,
    brokers: brokers === '1' ? 1 : 3,
    perSecond: wholeNumber('per-second', values['per-second']) ?? form.perSecond,
    pace: form.pace,
    seed: values.seed,
    plant: PLANTS.filter((kind) => values.plant.includes(kind)),
    json: values.json,
    keep: values.keep,
  }
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} is a whole number above 0, not ${text}`)
  return Number(text)
}
