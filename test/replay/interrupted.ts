import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NativeStack } from '@weir/infra/stack/index.ts'
import { type ReplayPlan, readPlan } from '@weir/replay'
import avro from 'avsc'
import { dumpEach, produce, type RecordToProduce } from '../support/foreign/foreign.ts'
import { whileAway } from '../support/part-faults.ts'
import { ReplayProcess } from '../support/replay-process.ts'
import { Weir } from '../support/weir.ts'
import { weirCli } from '../support/weir-cli.ts'
import { Placed } from './placed.ts'

const RAW_PARTITIONS = 4
const PURPOSES = ['personalization', 'analytics', 'marketing']
const GRANTED = Array.from({ length: 14 }, (_, at) => `granted-${at}`)
const PEOPLE = [...GRANTED, ...Array.from({ length: 6 }, (_, at) => `nobody-${at}`)]
const HEADER_BYTES = 5

export interface InterruptedOptions {
  readonly stack: NativeStack
  readonly events: number
  /** Records a second of the replay that is interrupted, so that it lasts until it was. */
  readonly rate: number
  readonly say: (line: string) => void
}

/** What two replays of the same raw records gave, by purpose; one of them was interrupted three times. */
export interface Interrupted {
  readonly whole: ReadonlyMap<string, Placed>
  readonly cut: ReadonlyMap<string, Placed>
}

/** Replays all of raw at once, and once more with Ctrl-C, kill -9 and a restart of the broker on its way. */
export async function runInterrupted({ stack, events, rate, say }: InterruptedOptions): Promise<Interrupted> {
  const weir = new Weir({ stack: stack.env, rawPartitions: RAW_PARTITIONS })
  try {
    await weir.apply()
    await weir.startAll(['projector', 'consent'])
    for (const subject of GRANTED) await weir.decide({ subject, kind: 'grant', purposes: PURPOSES })
    await produce(stack.env.KAFKA_BROKERS, smallEvents(weir, events))
    say(`${events} events are in raw`)

    const whole = await planned(weir, 'whole')
    await command(weir, 'whole').completed()
    say('replayed without interruption')

    const cut = await planned(weir, 'cut', '--rate', String(rate))
    const first = command(weir, 'cut')
    await first.reached(0.15)
    first.kill('SIGINT')
    expectEnd(await first.ended(), 130, 'interrupted')
    say('interrupted by Ctrl-C')

    const second = ReplayProcess.worker(file(weir, 'cut'), weir.env)
    await second.reached(0.4)
    second.kill('SIGKILL')
    expectEnd(await second.ended(), null, null)
    say('killed')

    const third = ReplayProcess.worker(file(weir, 'cut'), weir.env)
    await third.reached(0.65)
    await whileAway(stack.parts.kafka, async () => say('the broker is away'), 'SIGTERM')
    await third.completed()
    say('came to its end')
    return { whole: await outputsOf(weir, whole), cut: await outputsOf(weir, cut) }
  } finally {
    await weir.close()
  }
}

function* smallEvents(weir: Weir, count: number): Generator<RecordToProduce> {
  const schema = JSON.parse(readFileSync(join(weir.contracts, 'clickstream/event.avsc'), 'utf8')) as avro.Schema
  const type = avro.Type.forSchema(schema)
  const people = PEOPLE.map((key) => {
    const bytes = weir.event(key)
    return {
      key: Buffer.from(key),
      header: bytes.subarray(0, HEADER_BYTES),
      event: type.fromBuffer(bytes.subarray(HEADER_BYTES)),
    }
  })
  for (let at = 0; at < count; at++) {
    const { key, header, event } = people[at % people.length] as (typeof people)[number]
    // The number shows a record that is lost, there twice, or out of order, in whatever a policy lets through.
    const product = { ...event.product, category: `c-${at}` }
    const value = Buffer.concat([header, type.toBuffer({ ...event, eventId: randomUUID(), product })])
    yield { topic: weir.topic('clickstream.raw'), key, value }
  }
}

async function planned(weir: Weir, name: string, ...options: readonly string[]): Promise<ReplayPlan> {
  const { exit, said } = await weirCli(['replay', 'plan', '--out', file(weir, name), ...options], weir.env)
  if (exit !== 0) throw new Error(`planning ended with ${exit}: ${said}`)
  return readPlan(file(weir, name))
}

const file = (weir: Weir, name: string) => join(weir.folder, `${name}.json`)

const command = (weir: Weir, name: string) => ReplayProcess.command(file(weir, name), weir.env)

function expectEnd(
  { exit, state }: { readonly exit: number | null; readonly state: string | null },
  exitWanted: number | null,
  stateWanted: string | null,
): void {
  if (exit === exitWanted && state === stateWanted) return
  throw new Error(`the replay ended with ${exit}, ${state}, and not with ${exitWanted}, ${stateWanted}`)
}

async function outputsOf(weir: Weir, { outputs }: ReplayPlan): Promise<Map<string, Placed>> {
  const found = new Map<string, Placed>()
  for (const { purpose, topic } of outputs) {
    const placed = new Placed()
    await dumpEach(weir.stack.KAFKA_BROKERS, [topic], (record) => placed.add(record))
    found.set(purpose, placed)
  }
  return found
}
