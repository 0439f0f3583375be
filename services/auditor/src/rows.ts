import { type RecordNode, readSchema } from './avro/node.ts'
import { compileRead, Malformed, type Read } from './avro/read.ts'
import type { Value } from './avro/values.ts'
import type { Stream } from './contract/contract.ts'
import type { Keys } from './keys.ts'
import { type Found, find, isMentioned } from './rewriting/find.ts'
import { rename } from './rewriting/renamed.ts'
import { floor, unitsPerMs } from './rewriting/times.ts'

/** A raw record as the sanitizer had it, wherever it was read from. */
export interface RawRecord {
  /** Where a finding points: offset of the source topic. */
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** A raw record that can be processed. */
export interface Row {
  readonly raw: RawRecord
  readonly schemaId: number
  readonly event: Value
  readonly subject: string
  readonly device: string | null
  /** Never later than the append time. */
  readonly eventTimeMs: number
  readonly ownSignal: boolean
}

/** `bad`: to be quarantined. `schema gone`: nobody can say, since the registry has lost it. */
export type ReadRow = Row | 'bad' | 'schema gone'

const LATEST_MS = 8.64e15

interface Writer {
  readonly node: RecordNode
  readonly read: Read
  readonly subject: Found
  readonly device: Found | null
  readonly eventTime: Found
  readonly perMs: bigint
  readonly signals: readonly Found[]
}

/** Reads raw records of one stream by their writer schemas. */
export class RowReader {
  readonly #stream: Stream
  readonly #schemas: ReadonlyMap<number, unknown>
  readonly #keys: Keys
  readonly #writers = new Map<number, Writer | null>()

  constructor(stream: Stream, schemas: ReadonlyMap<number, unknown>, keys: Keys) {
    this.#stream = stream
    this.#schemas = schemas
    this.#keys = keys
  }

  /** Of a schema whose records can be read. */
  writerSchema(id: number): RecordNode {
    return (this.#writer(id) as Writer).node
  }

  read(raw: RawRecord): ReadRow {
    const { value } = raw
    if (value === null || value.length < 5 || value[0] !== 0) return 'bad'
    const schemaId = value.readUInt32BE(1)
    if (!this.#schemas.has(schemaId)) return 'schema gone'
    const writer = this.#writer(schemaId)
    if (writer === null) return 'bad'
    let event: Value
    try {
      event = writer.read(value, 5)
    } catch (error) {
      if (error instanceof Malformed) return 'bad'
      throw error
    }
    return this.#located(raw, schemaId, writer, event)
  }

  #located(raw: RawRecord, schemaId: number, writer: Writer, event: Value): Row | 'bad' {
    const [subject] = writer.subject.all(event) as readonly Buffer[]
    const [time] = writer.eventTime.all(event) as readonly bigint[]
    const [device] = (writer.device?.all(event) ?? []) as readonly Buffer[]
    if (subject === undefined || subject.length === 0 || time === undefined) return 'bad'
    if (device !== undefined && device.length === 0) return 'bad'
    const timeMs = Number(floor(time, writer.perMs) / writer.perMs)
    if (!(timeMs >= 0 && timeMs <= LATEST_MS) || raw.key === null || !raw.key.equals(subject)) return 'bad'
    return {
      raw,
      schemaId,
      event,
      subject: this.#keys.ref('user', subject),
      device: device === undefined ? null : this.#keys.ref('device', device),
      eventTimeMs: Math.min(timeMs, raw.appendTimeMs),
      ownSignal: writer.signals.some((signal) => signal.all(event)[0] === true),
    }
  }

  #writer(id: number): Writer | null {
    const known = this.#writers.get(id)
    if (known !== undefined) return known
    const made = this.#make(this.#schemas.get(id))
    this.#writers.set(id, made)
    return made
  }

  /** Null: no record of it can be processed. */
  #make(json: unknown): Writer | null {
    const { subject, device, eventTime, ownSignals, schema } = this.#stream
    try {
      const node = readSchema(json)
      if (node.kind !== 'record') return null
      rename(node, schema)
      const foundSubject = find(node, subject)
      const foundTime = find(node, eventTime)
      const foundDevice = device === null ? null : find(node, device)
      const perMs = foundTime === null ? null : unitsPerMs(foundTime.node)
      if (foundSubject?.node.kind !== 'string' || foundTime === null || perMs === null) return null
      // What can only take away is never passed over: in a form that can't be read it makes all records bad.
      if (foundDevice === null ? device !== null && isMentioned(node, device) : foundDevice.node.kind !== 'string')
        return null
      const signals: Found[] = []
      for (const path of ownSignals) {
        const found = find(node, path)
        if (found === null ? isMentioned(node, path) : found.node.kind !== 'boolean') return null
        if (found !== null) signals.push(found)
      }
      return {
        node,
        read: compileRead(node),
        subject: foundSubject,
        device: foundDevice,
        eventTime: foundTime,
        perMs,
        signals,
      }
    } catch {
      return null
    }
  }
}
