import { parseArgs } from 'node:util'
import { startNativeStack } from '@weir/infra/stack/index.ts'
import { runInterrupted } from './interrupted.ts'

/** The long form of test/faults/replay.test.ts: `--events` (300,000), `--rate` (10,000). Exit 0 equal, 1 not. */
const { values } = parseArgs({
  options: { events: { type: 'string', default: '300000' }, rate: { type: 'string', default: '10000' } },
})
const say = (line: string) => void process.stderr.write(`${line}\n`)
const stack = await startNativeStack()
try {
  const { whole, cut } = await runInterrupted({
    stack,
    events: Number(values.events),
    rate: Number(values.rate),
    say,
  })
  for (const [purpose, once] of whole) {
    const interrupted = cut.get(purpose)
    const equal = JSON.stringify(once) === JSON.stringify(interrupted)
    process.stdout.write(
      `${JSON.stringify({ purpose, records: once.count, interrupted: interrupted?.count, equal })}\n`,
    )
    if (!equal) process.exitCode = 1
  }
} finally {
  await stack.stop()
}
