import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kafka } from '@weir/kafka'
import type { Ground } from './ground.ts'
import type { Slot } from './slot.ts'

/** Why nothing goes on, as far as it shows from outside: transactions that nobody ends, and what services say. */
export async function whyStalled(
  { weir }: Ground,
  topics: readonly string[],
  slots: readonly Slot[],
  keep: string | undefined,
): Promise<string[]> {
  const words = await openTransactions(await weir.kafka(), topics)
  for (const { name, run } of slots) {
    if (run === undefined) {
      words.push(`${name} does not run`)
      continue
    }
    const ready = await fetch(`${await run.process.url('ops')}/readyz`)
    words.push(`${name}: ${(await ready.text()).trim()}; its transaction: ${run.gate.watch.phase}`)
    if (keep !== undefined) writeFileSync(join(keep, `${name}.metrics`), await run.process.metrics(), { mode: 0o600 })
  }
  return words
}

/** Partitions whose end is not stable: a transaction on them is open. */
export async function openTransactions(kafka: Kafka, topics: readonly string[]): Promise<string[]> {
  const infos = await kafka.topics(topics)
  const partitions = infos.flatMap(({ topic, partitions: count }) => {
    return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  })
  const stable = await kafka.endOffsets(partitions, 'stable')
  const ends = await kafka.endOffsets(partitions, 'high-watermark')
  return partitions.flatMap(({ topic, partition }, i) => {
    return stable[i] === ends[i] ? [] : [`${topic} ${partition}: stable to ${stable[i]} of ${ends[i]}`]
  })
}
