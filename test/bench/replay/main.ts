/**
 * `npm run bench:replay`: the live sanitizer and a replay over the same events of W1 (three purposes, one granted by
 * everyone), in turns on one broker. `--events N` a round, `--rounds N`, `--seed N`; with `--json` standard output has the
 * result alone.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ServiceProcess } from '@weir/infra/demo/service-process.ts'
import { startStack } from '@weir/infra/stack/index.ts'
import { connectKafka } from '@weir/kafka'
import { median, rounded } from '../median.ts'
import { Ground } from './ground.ts'
import { eventsPerSecond, type Range } from './rate.ts'
import { runReplay } from './run-replay.ts'

const { values: asked } = parseArgs({
  options: {
    events: { type: 'string', default: '300000' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '42' },
    json: { type: 'boolean', default: false },
  },
})
const events = Number(asked.events)
const rounds = Number(asked.rounds)
const say = (line: string) => process.stderr.write(`${line}\n`)

const stack = await startStack()
const kafka = await connectKafka({ brokers: stack.env.KAFKA_BROKERS.split(','), clientId: 'weir-bench' })
try {
  const ground = await Ground.prepared(stack.env, kafka, Number(asked.seed), say)
  try {
    await bench(ground)
  } finally {
    await ground.close()
  }
} finally {
  await kafka.close()
  await stack.stop()
}

async function bench(ground: Ground): Promise<void> {
  const live: number[] = []
  const replay: number[] = []
  // The first round is for the broker to get warm and is not counted. Each round begins with the other one.
  for (let round = 0; round <= rounds; round++) {
    const from = await ground.ends()
    await ground.load(events)
    const ranges = (await ground.ends()).map((to, partition): Range => ({ partition, from: from[partition] ?? 0, to }))
    const runs = [
      { name: 'live', rates: live, run: () => runLive(ground, ranges, round) },
      { name: 'replay', rates: replay, run: () => runReplay(ground, ranges) },
    ]
    for (const { name, rates, run } of round % 2 === 0 ? runs : runs.toReversed()) {
      const rate = await run()
      say(`${round === 0 ? 'warm-up' : `round ${round}`}  ${name.padEnd(7)} ${Math.round(rate)} events/s`)
      if (round > 0) rates.push(rate)
    }
  }
  tell(live, replay)
}

function tell(live: readonly number[], replay: readonly number[]): void {
  const ratios = replay.map((rate, i) => rounded(rate / (live[i] ?? Number.NaN), 3))
  const result = {
    events,
    rounds,
    liveEventsPerSecond: Math.round(median(live)),
    replayEventsPerSecond: Math.round(median(replay)),
    /** Median over the rounds, each compared within itself. */
    ratioToLive: rounded(median(ratios), 3),
    ratioOfRounds: ratios,
  }
  if (asked.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else for (const [name, value] of Object.entries(result)) process.stdout.write(`${name.padEnd(22)} ${String(value)}\n`)
}

/** A live sanitizer from its start until it has committed these ranges; the ranges before them it has committed already. */
async function runLive(ground: Ground, ranges: readonly Range[], round: number): Promise<number> {
  const logFile = join(ground.folder, `sanitizer.${round}.log`)
  const sanitizer = new ServiceProcess({ name: 'sanitizer', env: ground.env, logFile })
  try {
    return await eventsPerSecond({
      ...ground.measured,
      groupId: `${ground.namespace}sanitizer.w1`,
      ranges,
      died: sanitizer.died,
    })
  } finally {
    await sanitizer.stop()
  }
}
