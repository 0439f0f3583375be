import { type CopyOptions, readOptions, USAGE } from './options.ts'
import { type CopyResult, runCopy } from './run-copy.ts'

/**
 * `npm run copy`: copies records in transactions, with or without faults, and checks the copy. Exit 0 when it is equal
 * to its source, 1 on any difference or failure, 2 on a wrong command line.
 */
const say = (line: string): void => {
  process.stderr.write(`copy: ${line}\n`)
}

const options = optionsOrUsage()
// Whatever was started goes with this process: brokers by their guardian, members by their standard input.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const result = await runCopy(options, say)
process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`)
if (!isEqual(result, options)) {
  say('the copy differs from its source')
  process.exitCode = 1
}

function optionsOrUsage(): CopyOptions {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    process.exit(2)
  }
}

function isEqual(found: CopyResult, { records }: CopyOptions): boolean {
  const differences = [found, found.duringRun].flatMap((d) => [d.missing, d.extra, d.outOfOrder])
  return found.records === records && differences.every((count) => count === 0)
}
