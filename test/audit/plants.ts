import type { Batch, Evidence, KafkaRecord, PartitionLog, TopicLog } from '@weir/service-auditor/src/evidence.ts'
import { partitionOf } from '@weir/service-auditor/src/partition.ts'
import avro from 'avsc'
import { foldLedger, type Holding } from '../check/consent-history.ts'
import { readLedger, readStates } from '../check/consent-records.ts'
import { type CheckedOutput, readContract } from '../check/contract-files.ts'
import type { DumpedRecord } from '../check/evidence.ts'
import { type Grant, Pseudonyms, refOf } from '../check/pseudonyms.ts'
import { type GoodRow, readRawRows } from '../check/raw-rows.ts'
import { type Form, Rewriting } from '../check/rewriting.ts'

/**
 * Makes copies of evidence in which something is wrong. Records are forged with the checker's means, which shares no code
 * with the auditor either: what is planted is, byte for byte, what a sanitizer with that fault would have written.
 */
export class Plants {
  readonly #evidence: Evidence
  readonly #namespace: string
  readonly #folder: string
  readonly #rows: readonly GoodRow[]
  readonly #outputs: readonly CheckedOutput[]
  readonly #pseudonyms: Pseudonyms

  constructor(evidence: Evidence, namespace: string, folder: string) {
    this.#evidence = evidence
    this.#namespace = namespace
    this.#folder = folder
    const stream = readContract(folder, 'clickstream')
    this.#outputs = stream.outputs
    const raw = dumped(evidence.topics.get(`${namespace}clickstream.raw`))
    this.#rows = readRawRows(raw, stream, evidence.schemas, evidence.referenceKey).good
    this.#pseudonyms = new Pseudonyms(evidence.rootKeys.get(1) as Buffer)
  }

  topic(purpose: string): string {
    return `${this.#namespace}clickstream.${purpose}`
  }

  /** A person's row whose product's sku begins so. */
  row(person: string, sku: string): GoodRow {
    const found = this.#rows.find(
      ({ subjectId, event }) =>
        subjectId === person && String((event['product'] as Record<string, unknown>)['sku']).startsWith(sku),
    )
    if (found === undefined) throw new Error(`${person} has no row ${sku}`)
    return found
  }

  /** What a row gives under the nth grant that its person gave for a purpose. */
  granted(row: GoodRow, purpose: string, nth = 0, notice?: number, saltOf = purpose): Form {
    const holding = this.#grants(row.subjectRef, saltOf)[nth]
    if (holding?.salt == null) throw new Error('no such grant')
    const grant: Grant = { purpose: saltOf, epoch: holding.epoch, salt: holding.salt }
    const form = this.#rewriting(purpose).granted(row, grant, notice ?? holding.notice)
    if (form === null) throw new Error('no policy covers it')
    return form
  }

  stripped(row: GoodRow, purpose: string): Form {
    const form = this.#rewriting(purpose).stripped(row)
    if (form === null) throw new Error('nothing is published without a grant')
    return form
  }

  /** A clean record's leaves changed, in its own encoding. */
  changed(value: Buffer, change: (event: Record<string, unknown>) => void): Buffer {
    const id = value.readUInt32BE(1)
    const type = avro.Type.forSchema(this.#evidence.schemas.get(id) as avro.Schema)
    const event = type.fromBuffer(value.subarray(5)) as Record<string, unknown>
    change(event)
    return Buffer.concat([value.subarray(0, 5), type.toBuffer(event)])
  }

  /** Evidence with one record of a purpose, found by its bytes, replaced: by none, itself twice, or another. */
  replace(
    purpose: string,
    old: Form,
    by: 'nothing' | 'twice' | { key: Buffer | null; value: Buffer; timestampMs: number | null },
  ): Evidence {
    const topic = this.topic(purpose)
    const log = this.#evidence.topics.get(topic) as TopicLog
    for (const [partition, place] of log.partitions.entries()) {
      for (const [at, batch] of place.batches.entries()) {
        const records = batch.records()
        const index = records.findIndex(({ key, value }) => sameBytes(key, old.key) && sameBytes(value, old.value))
        const record = records[index]
        if (record === undefined) continue
        const partitions = [...log.partitions]
        const left = by === 'twice' ? records : records.toSpliced(index, 1)
        partitions[partition] = withBatch(place, at, { ...batch, records: () => left })
        const more =
          by === 'nothing'
            ? null
            : by === 'twice'
              ? record
              : { ...record, ...by, timestampMs: by.timestampMs ?? record.timestampMs }
        if (more !== null) {
          const target = more.key === null ? partition : partitionOf(more.key, partitions.length)
          partitions[target] = appended(partitions[target] as PartitionLog, batch, more)
        }
        return this.#with(topic, { ...log, partitions })
      }
    }
    throw new Error(`${topic} does not hold that record`)
  }

  #with(topic: string, log: TopicLog): Evidence {
    return { ...this.#evidence, topics: new Map([...this.#evidence.topics, [topic, log]]) }
  }

  #grants(ref: string, purpose: string): Holding[] {
    const histories = foldLedger(readLedger(dumped(this.#evidence.ledger)), readStates(dumped(this.#evidence.state)))
    const byGrant = new Map<number, Holding>()
    for (const { purposes } of histories.get(ref)?.versions ?? []) {
      const holding = purposes.get(purpose)
      if (holding?.status === 'granted') byGrant.set(holding.grantOffset, holding)
    }
    return [...byGrant.values()]
  }

  #rewriting(purpose: string): Rewriting {
    const output = this.#outputs.find((one) => one.purpose === purpose) as CheckedOutput
    const id = this.#evidence.cleanSchemas.get(this.topic(purpose)) as number
    const stream = readContract(this.#folder, 'clickstream')
    return new Rewriting(stream, output, this.#pseudonyms, id, this.#evidence.schemas.get(id))
  }

  ref(person: string): string {
    return refOf(this.#evidence.referenceKey, 'user', person)
  }
}

function dumped(log: TopicLog | undefined): DumpedRecord[] {
  return (log?.partitions ?? []).flatMap(({ batches }, partition) =>
    batches.flatMap((batch) => batch.records().map((record) => ({ ...record, partition, headers: [] }))),
  )
}

function withBatch(place: PartitionLog, at: number, batch: Batch): PartitionLog {
  return { ...place, batches: place.batches.with(at, batch) }
}

/** At the partition's end, as a batch of the same transaction. */
function appended(place: PartitionLog, like: Batch, record: KafkaRecord): PartitionLog {
  const offset = place.end
  const batch = { ...like, baseOffset: offset, lastOffset: offset, records: () => [{ ...record, offset }] }
  return { ...place, end: offset + 1, batches: [...place.batches, batch] }
}

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}

/** Evidence with one topic's batches changed, for what is planted in audit, ledger, state or raw. */
export function withBatches(
  log: TopicLog,
  change: (batches: readonly Batch[], partition: number) => readonly Batch[],
): TopicLog {
  return {
    ...log,
    partitions: log.partitions.map((place, partition) => ({ ...place, batches: change(place.batches, partition) })),
  }
}
