import { weirCli } from '../support/weir-cli.ts'

/** What `weir audit` says of a run's topics. */
export interface Audited {
  readonly exit: number | null
  readonly chunks: number
  readonly raw: Counts
  readonly clean: Counts
  /** By what was found; empty: nothing was. */
  readonly violated: Readonly<Record<string, number>>
}

interface Counts {
  readonly proved: number
  readonly violated: number
  readonly undecidable: Readonly<Record<string, number>>
}

/** Audits the topics as they lie on the brokers, while these are up. */
export async function audited(env: Readonly<Record<string, string>>): Promise<Audited> {
  const { exit, out, said } = await weirCli(['audit', '--json'], env)
  const records = out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly kind: string })
  const sum = records.findLast(({ kind }) => kind === 'sum') as Omit<Audited, 'exit'> | undefined
  if (sum === undefined) throw new Error(`weir audit ended with ${exit} and no sum: ${said}`)
  const { chunks, raw, clean, violated } = sum
  return { exit, chunks, raw, clean, violated }
}

/** Whether every record was proved. */
export function isProved({ exit, raw, clean }: Audited): boolean {
  return exit === 0 && raw.proved > 0 && clean.proved > 0 && [raw, clean].every(({ violated }) => violated === 0)
}
