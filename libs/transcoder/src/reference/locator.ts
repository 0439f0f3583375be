import { type Path, pathText } from '@weir/contracts'
import { FaultCode } from '../faults.ts'
import type { Locator, SteeringPaths, Unusable } from '../port.ts'
import type { Located } from '../read/located.ts'
import { isMentioned } from '../schema/present.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { floorTo, unitsPerMs } from '../schema/timestamps.ts'
import { readWriterSchema } from '../schema/writer-schema.ts'
import { bytesOf, type TwinValue, twinIfReadable } from './avro-twin.ts'
import { type Found, findPath } from './leaf-path.ts'
import { checkWhole } from './whole-record.ts'

/**
 * Compiles a locator for one writer schema, which may be older or newer than the contract's: a subject or event time
 * that it lacks makes it unusable; a device or own signal that it lacks is null or false. A device or signal that is
 * there but in a type we can't read makes it unusable too: each can only take away, so passing it over would let
 * something through.
 * @param writerSchema parsed JSON, as the registry has it
 */
export function compileLocator(writerSchema: unknown, paths: SteeringPaths): Locator | Unusable {
  const root = readWriterSchema(writerSchema, paths.rawSchema)
  const twin = root === null ? null : twinIfReadable(root)
  if (root === null || twin === null) {
    return { unusable: 'the writer schema is no Avro schema that can be read' }
  }

  const subject = findPath(root, twin, paths.subject)
  const eventTime = findPath(root, twin, paths.eventTime)
  const device = paths.device === null ? null : findPath(root, twin, paths.device)
  const signals = paths.ownSignals.map((path) => findPath(root, twin, path))

  if (subject?.node.kind !== 'string') return unusable(paths.subject, 'the subject', 'a string')
  const perMs = eventTime === null ? null : unitsPerMs(eventTime.node)
  if (eventTime === null || perMs === null) {
    return unusable(paths.eventTime, 'the event time', 'a long of timestamp-millis or timestamp-micros')
  }
  if (paths.device !== null && isUnreadable(root, paths.device, device, 'string')) {
    return unusable(paths.device, 'the device', 'a string')
  }
  for (const [i, path] of paths.ownSignals.entries()) {
    if (isUnreadable(root, path, signals[i] ?? null, 'boolean')) return unusable(path, 'an own signal', 'a boolean')
  }

  return {
    locate(bytes, start, end, out) {
      const fault = checkWhole(root, bytes, start, end)
      if (fault !== FaultCode.ok) return fault
      const record = twin.decode(bytes.subarray(start, end))
      out.ownSignal = signals.some((signal) => signal !== null && signal.read(record) === true)
      return (
        writeSubject(subject.read(record), out) ||
        writeDevice(device === null ? null : device.read(record), out) ||
        writeEventTime(eventTime.read(record), perMs, out)
      )
    },
  }
}

function writeSubject(value: TwinValue, out: Located): FaultCode {
  if (value === null) return FaultCode.missingSubject
  out.source = bytesOf(value)
  out.subjectStart = 0
  out.subjectEnd = out.source.length
  return out.source.length === 0 ? FaultCode.emptySubject : FaultCode.ok
}

/** Behind the subject: one record's ids lie in one run of bytes. */
function writeDevice(value: TwinValue, out: Located): FaultCode {
  out.deviceStart = -1
  out.deviceEnd = -1
  if (value === null) return FaultCode.ok
  const device = bytesOf(value)
  out.source = Buffer.concat([out.subject, device])
  out.deviceStart = out.subjectEnd
  out.deviceEnd = out.source.length
  return device.length === 0 ? FaultCode.emptyDevice : FaultCode.ok
}

function writeEventTime(value: TwinValue, perMs: bigint, out: Located): FaultCode {
  if (typeof value !== 'bigint') return FaultCode.missingEventTime
  out.eventTimeMs = Number(floorTo(value, perMs) / perMs)
  return FaultCode.ok
}

/** Whether a leaf stands at the path in a form we can't read; one that is not there at all is fine. */
function isUnreadable(root: SchemaNode, path: Path, found: Found | null, kind: 'string' | 'boolean'): boolean {
  return found === null ? isMentioned(root, path) : found.node.kind !== kind
}

function unusable(path: Path, what: string, wanted: string): Unusable {
  return { unusable: `${what}, ${pathText(path)}, is not in the writer schema as ${wanted}` }
}
