import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption } from '../cli.ts'
import { ExitCode } from '../exit-codes.ts'
import { contractsOption, executeOption, jsonOption } from './options.ts'

/** Topics and schemas are infra's business; services import libraries only, so it runs as a process of its own. */
const PROGRAM = resolve(import.meta.dirname, '../../../../infra/kafka/main.ts')

interface Options extends ContractsOption, JsonOption {
  readonly execute?: true
  readonly rawPartitions?: string
}

const HELP = `
Where: KAFKA_BROKERS, SCHEMA_REGISTRY_URL, WEIR_NAMESPACE.
Exit: 0 done, 2 usage, 3 contract invalid, 4 Kafka or registry unreachable, 5 refused.`

export function addContractApply(parent: Command, cli: Cli): void {
  parent
    .command('apply')
    .description('create the topics of a contract and register its schemas')
    .addOption(contractsOption())
    .addOption(executeOption())
    .option('--raw-partitions <count>', 'partitions of raw, clean and quarantine topics', count)
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => apply(cli, options))
}

async function apply(cli: Cli, options: Options): Promise<void> {
  const args = [
    ...(options.execute === true ? ['--execute'] : []),
    ...(options.json === true ? ['--json'] : []),
    ...(options.rawPartitions === undefined ? [] : ['--raw-partitions', options.rawPartitions]),
  ]
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: 'inherit',
    env: { ...cli.env, WEIR_CONTRACTS: contractsFolder(cli, options) },
  })
  const pass = (signal: NodeJS.Signals) => child.kill(signal)
  process.on('SIGTERM', pass)
  const code = await new Promise<number>((done) => {
    child.on('error', () => done(ExitCode.unreachable))
    child.on('exit', (exitCode, signal) => done(exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
  process.off('SIGTERM', pass)
  process.exitCode = code
}

function count(text: string): string {
  if (/^[1-9][0-9]{0,4}$/.test(text)) return text
  throw new InvalidArgumentError('Write a whole number, at least 1.')
}
