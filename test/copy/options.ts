import { parseArgs } from 'node:util'

export interface CopyOptions {
  readonly records: number
  readonly perTransaction: number
  readonly brokers: 1 | 3
  readonly chaos: boolean
  /** How many faults hit members, spread evenly over the records; brokers are hit a fifth as often. */
  readonly faults: number
  readonly json: boolean
  readonly seed: string
}

export const USAGE = `npm run copy -- [options]

  --chaos                faults for all of the run
  --faults N             how many faults hit members; a fifth as many hit brokers (60)
  --records N            how many to copy (300000)
  --per-transaction N    records in a transaction (750)
  --brokers 1|3          default: 3 with --chaos, else 1
  --seed TEXT            of records and faults (weir)
  --json                 the last line of standard output is one JSON object`

/** @throws Error that says what is wrong with the command line */
export function readOptions(args: readonly string[]): CopyOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      chaos: { type: 'boolean', default: false },
      faults: { type: 'string', default: '60' },
      records: { type: 'string', default: '300000' },
      'per-transaction': { type: 'string', default: '750' },
      brokers: { type: 'string' },
      seed: { type: 'string', default: 'weir' },
      json: { type: 'boolean', default: false },
    },
  })
  const { chaos, json, seed } = values
  const brokers = values.brokers ?? (chaos ? '3' : '1')
  if (brokers !== '1' && brokers !== '3') throw new Error(`--brokers is 1 or 3, not ${brokers}`)
  return {
    chaos,
    json,
    seed,
    faults: wholeNumber('faults', values.faults),
    records: wholeNumber('records', values.records),
    perTransaction: wholeNumber('per-transaction', values['per-transaction']),
    brokers: brokers === '1' ? 1 : 3,
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} is a whole number above 0, not ${text}`)
  return Number(text)
}
