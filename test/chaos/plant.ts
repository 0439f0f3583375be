import type { DumpedRecord, Evidence } from '../check/evidence.ts'

/** What can be planted into evidence, to see whether it is reported. */
export const PLANTS = ['loss', 'repeat', 'disorder', 'leak'] as const

export type Plant = (typeof PLANTS)[number]

/** How often each is planted: no two alike, so that a mix-up would show. */
export const PLANTED: Readonly<Record<Plant, number>> = { loss: 4, repeat: 3, disorder: 2, leak: 1 }

const TOPIC = 'clickstream.personalization'

/** Doctored evidence, of a run that is long enough. Each thing is done to records of other people. */
export function plant(evidence: Evidence, plants: readonly Plant[]): Evidence {
  const name = evidence.topicName(TOPIC)
  const records = [...(evidence.topics.get(name) ?? [])].sort((a, b) => a.offset - b.offset)
  const withKey = records.filter(({ key }) => key !== null)
  const people = [...Map.groupBy(withKey, ({ key }) => key?.toString('hex')).values()].filter((own) => own.length >= 2)
  if (people.length < 9) throw new Error('too few people were granted anything to plant into')
  const [lost, repeated, swapped] = [people.slice(0, 4), people.slice(4, 7), people.slice(7, 9)]
  let doctored: readonly DumpedRecord[] = records
  if (plants.includes('loss')) {
    const gone = new Set(lost.map(([first]) => first))
    doctored = doctored.filter((record) => !gone.has(record))
  }
  if (plants.includes('repeat')) doctored = [...doctored, ...repeated.flatMap(([first]) => first ?? [])]
  if (plants.includes('disorder')) {
    const places = new Map<DumpedRecord, number>()
    for (const [first, second] of swapped) {
      if (first === undefined || second === undefined) continue
      places.set(first, second.offset).set(second, first.offset)
    }
    doctored = doctored.map((record) => ({ ...record, offset: places.get(record) ?? record.offset }))
  }
  if (plants.includes('leak')) {
    const at = doctored.findIndex(({ key }) => key === null)
    doctored = doctored.map((record, i) =>
      i === at ? { ...record, value: withFirstLeaf(record.value as Buffer) } : record,
    )
  }
  return { ...evidence, topics: new Map([...evidence.topics, [name, doctored]]) }
}

/** The first leaf of personalization's clean schema is eventId, null in a stripped record: writes one there. */
export function withFirstLeaf(value: Buffer): Buffer {
  const leaf = Buffer.concat([Buffer.of(2, 8), Buffer.from('leak')])
  return Buffer.concat([value.subarray(0, 5), leaf, value.subarray(6)])
}
