import { parseArgs } from 'node:util'

export interface LoadOptions {
  readonly subjects: number
  readonly json: boolean
}

export const USAGE = `npm run load:consent -- [options]

  --subjects N    how many have a state in consent.state (100000)
  --json          standard output is one JSON line`

/** @throws Error that says what is wrong with the command line */
export function readOptions(args: readonly string[]): LoadOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { subjects: { type: 'string', default: '100000' }, json: { type: 'boolean', default: false } },
  })
  if (!/^[1-9]\d{5,8}$/.test(values.subjects)) {
    throw new Error(`--subjects is a whole number from 100000 on, not ${values.subjects}`)
  }
  return { subjects: Number(values.subjects), json: values.json }
}
