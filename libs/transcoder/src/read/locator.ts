import { type Path, pathText } from '@weir/contracts'
import { FaultCode } from '../faults.ts'
import type { Locator, SteeringPaths, Unusable } from '../port.ts'
import { readStep } from '../schema/path-step.ts'
import { branchAt, isMentioned, type Present, presentAt } from '../schema/present.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { unitsPerMs } from '../schema/timestamps.ts'
import { readWriterSchema } from '../schema/writer-schema.ts'
import { compileReader, compileWalk, type Pass, type Reader } from './compile-reader.ts'
import type { Located } from './located.ts'
import { millisAt } from './millis.ts'
import { type Place, Places } from './places.ts'
import { Walk } from './walk.ts'

/**
 * Compiles a locator for one writer schema, which may be older or newer than the contract's: a subject or event time
 * that it lacks makes it unusable; a device or own signal that it lacks is null or false. A device or signal that is
 * there but in a type we can't read, or within an array or map, makes it unusable too: each can only take away, so
 * passing it over would let something through.
 *
 * It walks no further than it must, and does not check whether text is UTF-8. For a record that it finds at fault it
 * reads the whole one, so that the fault it gives is the one that the record has first of all.
 * @param writerSchema parsed JSON, as the registry has it
 */
export function compileLocator(writerSchema: unknown, paths: SteeringPaths): Locator | Unusable {
  const root = readWriterSchema(writerSchema, paths.rawSchema)
  if (root === null) return { unusable: 'the writer schema is no Avro schema that can be read' }
  const places = new Places(root)

  const subject = find(places.root, paths.subject)
  if (subject?.node.kind !== 'string') return unusable(paths.subject, 'the subject', 'a string')
  const eventTime = find(places.root, paths.eventTime)
  const perMs = eventTime === null ? null : unitsPerMs(eventTime.node)
  if (eventTime === null || perMs === null) {
    return unusable(paths.eventTime, 'the event time', 'a long of timestamp-millis or timestamp-micros')
  }
  const device = paths.device === null ? null : find(places.root, paths.device)
  if (paths.device !== null && isUnreadable(root, paths.device, device, 'string')) {
    return unusable(paths.device, 'the device', 'a string')
  }
  const signals: number[] = []
  for (const path of paths.ownSignals) {
    const signal = find(places.root, path)
    if (isUnreadable(root, path, signal, 'boolean')) return unusable(path, 'an own signal', 'a boolean')
    if (signal !== null) signals.push(signal.start)
  }
  return new EarlyLocator(places, {
    subject: subject.start,
    device: device === null ? NOWHERE : device.start,
    eventTime: eventTime.start,
    unitsPerMs: Number(perMs),
    signals,
  })
}

/** Slot of what the writer schema lacks. */
const NOWHERE = -1

/** Slots of what is looked for. */
interface Wanted {
  readonly subject: number
  readonly device: number
  readonly eventTime: number
  readonly unitsPerMs: number
  readonly signals: readonly number[]
}

class EarlyLocator implements Locator {
  readonly #places: Places
  readonly #wanted: Wanted
  readonly #walk = new Walk()
  readonly #pass: Pass
  readonly #positions: Int32Array
  /** Made when a record is first at fault. */
  #whole: Reader | null = null

  constructor(places: Places, wanted: Wanted) {
    this.#places = places
    this.#wanted = wanted
    this.#pass = compileWalk(places, 'early', this.#walk)
    this.#positions = new Int32Array(places.slots)
  }

  locate(bytes: Buffer, start: number, end: number, out: Located): FaultCode {
    this.#walk.begin(end - start)
    if (this.#pass(bytes, NO_VIEW, start, end, this.#positions, 0) < 0) return FaultCode.malformedAvro
    const fault = this.#read(bytes, end, out)
    return fault === FaultCode.ok ? fault : this.#firstFault(bytes, start, end, fault)
  }

  #read(bytes: Buffer, end: number, out: Located): FaultCode {
    const { subject, device, eventTime, unitsPerMs, signals } = this.#wanted
    const positions = this.#positions
    const walk = this.#walk
    out.source = bytes

    const subjectAt = positions[subject] as number
    if (subjectAt < 0) return FaultCode.missingSubject
    out.subjectEnd = walk.passBytes(bytes, subjectAt, end)
    out.subjectStart = walk.contentStart
    if (out.subjectStart === out.subjectEnd) return FaultCode.emptySubject

    const deviceAt = device === NOWHERE ? NOWHERE : (positions[device] as number)
    out.deviceStart = NOWHERE
    out.deviceEnd = NOWHERE
    if (deviceAt >= 0) {
      out.deviceEnd = walk.passBytes(bytes, deviceAt, end)
      out.deviceStart = walk.contentStart
      if (out.deviceStart === out.deviceEnd) return FaultCode.emptyDevice
    }

    const timeAt = positions[eventTime] as number
    if (timeAt < 0) return FaultCode.missingEventTime
    out.eventTimeMs = millisAt(bytes, timeAt, unitsPerMs)

    out.ownSignal = false
    for (let i = 0; i < signals.length; i++) {
      const at = positions[signals[i] as number] as number
      if (at >= 0 && bytes[at] === 1) out.ownSignal = true
    }
    return FaultCode.ok
  }

  /** A record that is malformed behind what was walked over is malformed, whatever else it lacks. */
  #firstFault(bytes: Buffer, start: number, end: number, found: FaultCode): FaultCode {
    this.#whole ??= compileReader(this.#places)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const fault = this.#whole.read(bytes, view, start, end, end - start, this.#positions, 0)
    return fault === FaultCode.ok ? found : fault
  }
}

/** An early walk reads no words. */
const NO_VIEW = new DataView(new ArrayBuffer(0))

/** The place of a leaf, out of its union. Null when the path does not lead to one that stands at most once in a record. */
function find(from: Place, path: Path): Place | null {
  let place = from
  for (const text of path) {
    const step = readStep(text)
    if (step.kind === 'branch') {
      const branch = opened(place, branchAt(place.node, step.name))
      if (branch === null) return null
      place = branch
      continue
    }
    const record = opened(place, presentAt(place.node))
    if (step.kind !== 'field' || record?.node.kind !== 'record') return null
    const index = record.node.fields.findIndex(({ name }) => name === step.name)
    if (index < 0) return null
    place = record.field(index)
  }
  return opened(place, presentAt(place.node))
}

function opened(place: Place, present: Present | null): Place | null {
  if (present === null) return null
  return present.index === null ? place : place.branch(present.index)
}

/** Whether a leaf stands at the path in a form we can't read; one that is not there at all is fine. */
function isUnreadable(root: SchemaNode, path: Path, found: Place | null, kind: 'string' | 'boolean'): boolean {
  return found === null ? isMentioned(root, path) : found.node.kind !== kind
}

function unusable(path: Path, what: string, wanted: string): Unusable {
  return { unusable: `${what}, ${pathText(path)}, is not in the writer schema as ${wanted}` }
}
