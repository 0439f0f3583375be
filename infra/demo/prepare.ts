import { resolve } from 'node:path'
import { type Contracts, loadContracts, type Stream } from '@weir/contracts'
import { readEvents } from '@weir/test/workload/input.ts'
import { planGivenStream, planStream, type StreamPlan } from '@weir/test/workload/stream.ts'
import type { DemoOptions } from './options.ts'

/** All that is known before anything is started. */
export interface Prepared {
  readonly options: DemoOptions
  readonly contractsFolder: string
  readonly contracts: Contracts
  readonly stream: Stream
  readonly purposes: readonly string[]
  readonly plan: StreamPlan
}

/** Stream of the sample contract; the made-up events are events of it. */
const STREAM = 'clickstream'

/** Reads contract and input, so that what is wrong with them is said at once. @throws ContractError, InputError */
export async function prepare(options: DemoOptions): Promise<Prepared> {
  const contractsFolder = resolve(process.env['WEIR_CONTRACTS'] ?? resolve(import.meta.dirname, '../contracts'))
  const contracts = loadContracts(contractsFolder)
  const stream = contracts.streams.find((one) => one.name === STREAM)
  if (stream === undefined) throw new Error(`The contract in ${contractsFolder} has no stream ${STREAM}.`)
  const purposes = stream.outputs.map((output) => output.purpose.name)
  return { options, contractsFolder, contracts, stream, purposes, plan: await planOf(options, stream, purposes) }
}

async function planOf(options: DemoOptions, stream: Stream, purposes: readonly string[]): Promise<StreamPlan> {
  const { seed, events } = options
  if (options.input === null) return planStream({ seed, events, purposes, queries: listedQueries(stream) })
  const given = await readEvents({ path: options.input, rawSchema: stream.rawSchema })
  return planGivenStream(given, { seed, purposes, subject: stream.subject })
}

/** Searches that some policy lets through: some of the made-up ones are of them. */
function listedQueries(stream: Stream): string[] {
  const leaves = stream.outputs.flatMap((output) => output.policies.flatMap((policy) => policy.granted.leaves))
  return leaves.flatMap(({ path, verb }) =>
    path.join('.') === 'searchQuery' && verb.kind === 'in' ? [...verb.values] : [],
  )
}
