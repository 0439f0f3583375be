/**
 * How long an audit takes: `node test/audit/measure.ts --events 1000000` on a stack that is there or is started. The
 * sanitizer rewrites the events of W1 (three purposes, one granted by everyone), then `weir audit` proves them.
 */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ServiceProcess } from '@weir/infra/demo/service-process.ts'
import { startStack } from '@weir/infra/stack/index.ts'
import { connectKafka } from '@weir/kafka'
import { Ground } from '../bench/replay/ground.ts'
import { until } from '../support/until.ts'
import { weirCli } from '../support/weir-cli.ts'

const { values } = parseArgs({ options: { events: { type: 'string', default: '1000000' } } })
const events = Number(values.events)
const say = (line: string) => process.stderr.write(`${line}\n`)

const stack = await startStack()
const kafka = await connectKafka({ brokers: stack.env.KAFKA_BROKERS.split(','), clientId: 'weir-measure' })
try {
  const ground = await Ground.prepared(stack.env, kafka, 42, say)
  const sanitizer = new ServiceProcess({
    name: 'sanitizer',
    env: ground.env,
    logFile: join(ground.folder, 'sanitizer.log'),
  })
  try {
    await ground.load(events)
    const ends = await ground.ends()
    const raw = ends.map((_, partition) => ({ topic: ground.rawTopic, partition }))
    const drained = async () => {
      const committed = await kafka.committedOffsets(`${ground.namespace}sanitizer.w1`, raw)
      return committed.every((offset, i) => Math.max(0, offset) >= (ends[i] ?? 0))
    }
    await until('raw drained', drained, 900_000)
    await sanitizer.stop('SIGTERM')
    const began = performance.now()
    const { exit, out, said } = await weirCli(['audit', '--json'], ground.env)
    const seconds = Math.round((performance.now() - began) / 100) / 10
    say(said)
    say(`exit ${exit}, ${seconds} s for ${events} raw records`)
    process.stdout.write(out.trim().split('\n').at(-1) ?? '')
  } finally {
    await sanitizer.stop('SIGKILL')
    await ground.close()
  }
} finally {
  await kafka.close()
  await stack.stop()
}
