import assert from 'node:assert/strict'
import type { Kafka } from '@weir/kafka'
import { readToEnd } from '../../support/kafka-read.ts'
import { whileAway, whileFrozen } from '../../support/part-faults.ts'
import { until } from '../../support/until.ts'
import { again, Copier } from '../copier.ts'
import { batch, type KafkaLab, outcome } from '../lab.ts'
import { type Recipe, tally } from '../recipe.ts'
import { settled, write } from './transactions.ts'

const PARTITIONS = [0, 1, 2, 3]
const CHUNK = 20

export const brokerFaults: readonly Recipe[] = [
  {
    name: 'A copy of four partitions through two broker kills and a freeze, by members that come and go',
    breaksBroker: true,
    async run(lab) {
      const broker = brokerOf(lab)
      const { kafka } = lab
      const [from, to] = [await lab.topic(PARTITIONS.length), await lab.topic(PARTITIONS.length)]
      const options = { from, to, groupId: `${lab.namespace}copier` }
      const feeding = new AbortController()
      const fed = feed(kafka, from, feeding.signal)

      const first = new Copier(kafka, { ...options, slot: `${lab.namespace}slot.0` })
      await first.start()
      await until('it copies', () => first.commits > 3)
      await whileAway(broker, async () => undefined)
      const afterFirst = first.commits
      await until('it copies again', () => first.commits > afterFirst + 2)

      const second = new Copier(await lab.connect(), { ...options, slot: `${lab.namespace}slot.1` })
      await second.start()
      await until('both copy', () => second.commits > 2)
      await whileAway(broker, async () => undefined)
      const afterSecond = second.commits
      await until('both copy again', () => second.commits > afterSecond)
      await whileFrozen(broker, async () => {
        const since = performance.now()
        await until('longer than a transaction may take', () => performance.now() - since > 7_000)
      })
      await second.stop()
      feeding.abort()
      await fed

      const at = PARTITIONS.map((partition) => ({ topic: from, partition }))
      const ends = await until('the ends', () => kafka.endOffsets(at, 'stable'))
      await until(
        'all is copied',
        async () => {
          const committed = await kafka.committedOffsets(options.groupId, at)
          return committed.every((offset, i) => offset === ends[i])
        },
        90_000,
      )
      await first.stop()
      const sum = { lost: 0, repeated: 0 }
      let records = 0
      for (const partition of PARTITIONS) {
        const expected = await valuesOf(kafka, from, partition)
        const copied = await valuesOf(kafka, to, partition)
        const { lost, repeated } = tally(expected, copied)
        sum.lost += lost
        sum.repeated += repeated
        records += copied.length
        if (lost === 0 && repeated === 0) assert.deepEqual(copied, expected)
      }
      const ended = [...first.outcomes, ...second.outcomes].join(', ') || 'none'
      return { did: `copied ${records} in order; transactions that did not commit: ${ended}`, ...sum }
    },
  },
  {
    name: 'A broker that is killed between begin and commit: the outcome is told as it is',
    breaksBroker: true,
    async run(lab) {
      const broker = brokerOf(lab)
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const slot = await lab.slot(lab.kafka, 6_000)
      await write(slot, member, topic, 1, ['a'])
      const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 2 }])
      await transaction.produce(batch(topic, ['b']))
      const ended = await whileAway(broker, async () => outcome(transaction.commit()))
      await again(() => slot.init())
      const done = (await lab.committed(topic)) === 2
      if (ended === 'committed') assert.ok(done)
      if (ended === 'aborted') assert.ok(!done)
      await again(() => write(slot, member, topic, done ? 3 : 2, done ? ['c'] : ['b', 'c']))
      return { did: String(ended), ...tally(['a', 'b', 'c'], await settled(lab, topic)) }
    },
  },
]

function brokerOf(lab: KafkaLab) {
  if (lab.broker === undefined) throw new Error('This recipe kills the broker: it needs one of its own.')
  return lab.broker
}

async function valuesOf(kafka: Kafka, topic: string, partition: number): Promise<string[]> {
  return (await readToEnd(kafka, { topic, partition })).records.map((record) => record.value ?? '')
}

/** Goes on writing records to be copied, so that there is always something in flight when the broker goes. */
async function feed(kafka: Kafka, topic: string, signal: AbortSignal): Promise<void> {
  const appender = await kafka.appender()
  for (let n = 0; !signal.aborted; n += CHUNK) {
    const records = Array.from({ length: CHUNK }, (_, i) => ({
      partition: (n / CHUNK) % PARTITIONS.length,
      key: null,
      value: Buffer.from(`record ${n + i} ${'.'.repeat(60)}`),
    }))
    // What is sent twice after a lost answer lies in the log twice, and is to be copied twice.
    await again(() => appender.append(topic, records))
  }
  await appender.close()
}
