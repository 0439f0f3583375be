/**
 * `npm run bench:kafka`: the transactional copy of W1 by our client, by Kafka's own and by kafkajs, interleaved, on one
 * broker. `--events N`, `--rounds N`, `--seed N`; with `--json` standard output has the result alone. Exit 1 when a copy
 * is not equal to its source. Linux only: CPU time and memory come from /proc.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Stack, startStack } from '@weir/infra/stack/index.ts'
import { connectKafka, type Kafka } from '@weir/kafka'
import { median, rounded } from '../median.ts'
import { loadW1, W1_PARTITIONS } from '../w1/load.ts'
import { type Engine, engines } from './engines.ts'
import { type Run, runEngine } from './run-engine.ts'
import { digestOf, type TopicDigest } from './topic-digest.ts'

const { values: asked } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '42' },
    json: { type: 'boolean', default: false },
  },
})
const events = Number(asked.events)
const rounds = Number(asked.rounds)

const say = (line: string) => process.stderr.write(`${line}\n`)
const namespace = `bench.${randomUUID()}.`
const source = `${namespace}w1.raw`

const stack = await startStack()
const kafka = await connectKafka({ brokers: stack.env.KAFKA_BROKERS.split(','), clientId: 'weir-bench' })
try {
  process.exitCode = await bench(stack, kafka)
} finally {
  await kafka.close()
  await stack.stop()
}

async function bench(on: Stack, by: Kafka): Promise<number> {
  const bytes = await loadW1(by, {
    topic: source,
    events,
    seed: Number(asked.seed),
    nowMs: Date.now(),
    rawSchema: JSON.parse(readFileSync(join(import.meta.dirname, '../w1/contract/w1/event.avsc'), 'utf8')),
  })
  say(`loaded ${events} events of ${Math.round(bytes)} bytes a value`)
  const wanted = await digestOf(by, source, W1_PARTITIONS)
  const all = await engines()
  const runs = new Map(all.map((engine) => [engine.name, [] as Run[]]))
  let equal = true

  // The first run of each is for the broker to get warm and is not counted. Each round begins with another engine.
  for (let round = 0; round <= rounds; round++) {
    for (const [i] of all.entries()) {
      const engine = all[(i + round) % all.length] as Engine
      if (round === 0 && engine.name === 'kafkajs') continue
      const { run, same } = await copyOnce(engine, on, by, wanted)
      equal &&= same
      say(
        `${round === 0 ? 'warm-up' : `round ${round}`}  ${engine.name.padEnd(8)}${line(run)}${same ? '' : '  NOT EQUAL'}`,
      )
      if (round > 0) runs.get(engine.name)?.push(run)
    }
  }

  const found = Object.fromEntries([...runs].map(([name, of]) => [name, summary(of)]))
  const cpu = (name: Engine['name']) => median((runs.get(name) ?? []).map((run) => run.cpuUs))
  const ratios = {
    cpuToJava: rounded(cpu('weir') / cpu('java'), 3),
    cpuToKafkajs: rounded(cpu('weir') / cpu('kafkajs'), 3),
  }
  if (asked.json) process.stdout.write(`${JSON.stringify({ events, rounds, equal, engines: found, ratios })}\n`)
  else {
    for (const [name, of] of Object.entries(found)) process.stdout.write(`${name.padEnd(8)} ${JSON.stringify(of)}\n`)
    process.stdout.write(`ratios   ${JSON.stringify(ratios)}\n`)
  }
  return equal ? 0 : 1
}

async function copyOnce(
  engine: Engine,
  on: Stack,
  by: Kafka,
  wanted: TopicDigest,
): Promise<{ run: Run; same: boolean }> {
  const target = `${namespace}copy.${engine.name}.${randomUUID().slice(0, 8)}`
  // kafkajs sends whatever it fetched at once as one batch, which may be larger than it came.
  const config = { 'retention.ms': '-1', 'max.message.bytes': '4194304' }
  await by.admin.ensureTopics([{ topic: target, partitions: W1_PARTITIONS, config }])
  const at = Array.from({ length: W1_PARTITIONS }, (_, partition) => ({ topic: source, partition }))
  const run = await runEngine(engine, {
    kafka: by,
    brokers: on.env.KAFKA_BROKERS,
    group: target,
    source,
    target,
    ends: await by.endOffsets(at, 'stable'),
    brokerPid: on.kind === 'native' ? on.parts.kafka.pid : undefined,
  })
  const got = await digestOf(by, target, W1_PARTITIONS)
  await by.admin.deleteTopics([target])
  return { run, same: got.records === wanted.records && got.partitions.join() === wanted.partitions.join() }
}

/** Microseconds of CPU an event, the process's start included; medians of the rounds. */
function summary(runs: readonly Run[]) {
  const cpuUs = runs.map((run) => rounded(run.cpuUs / events))
  return {
    cpuUs: rounded(median(cpuUs)),
    cpuUsOfRounds: cpuUs,
    peakMb: Math.round(median(runs.map((run) => run.peakBytes / 1e6))),
    eventsPerSecond: Math.round(median(runs.map((run) => events / run.seconds))),
    brokerCpuUs: rounded(median(runs.map((run) => run.brokerCpuUs / events))),
  }
}

function line(run: Run): string {
  return ` ${(run.cpuUs / events).toFixed(2)} µs CPU an event, ${Math.round(run.peakBytes / 1e6)} MB, ${run.seconds.toFixed(1)} s`
}
