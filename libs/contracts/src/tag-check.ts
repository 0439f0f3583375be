import { type AvroField, type AvroRecord, containersOf } from './avro.ts'
import type { ContractFaultCode } from './error.ts'
import type { EventLeaf } from './event-schema.ts'
import type { FileFaults } from './faults.ts'
import type { Pointer } from './json.ts'
import type { RawLeaf } from './model.ts'
import { CLEAR_REFUSED_TAGS, isSteering, type SteeringTag, slipOf } from './tags.ts'

/** Leaves by steering tag. Without faults: one subject, one event time, at most one device. */
export type Steering = Readonly<Record<SteeringTag, readonly EventLeaf[]>>

/** Checks the tags and docs of a raw schema, and finds the leaves that steer. */
export function checkTags(
  root: AvroRecord,
  leaves: readonly EventLeaf[],
  faults: FileFaults,
  lineOf: (pointer: Pointer) => number,
): Steering {
  const add = (field: AvroField, code: ContractFaultCode, what: string, mend: string) =>
    faults.add(lineOf(field.pointer), code, what, mend)

  for (const container of containersOf(root)) {
    checkWords(container, add)
    for (const tag of container.ownTags.filter(isSteering)) {
      add(
        container,
        'WEIR_CONTRACT_STEERING_TAG',
        `the tag "${tag}" stands on the record ${dotted(container)}`,
        'Put it on a leaf',
      )
    }
  }
  for (const leaf of leaves) {
    checkWords(leaf.field, add)
    checkDescribed(leaf, add)
  }

  const tagged = (tag: SteeringTag) => leaves.filter((leaf) => leaf.field.ownTags.includes(tag))
  const steering = {
    subject: tagged('subject'),
    device: tagged('device'),
    'event-time': tagged('event-time'),
    'own-signal': tagged('own-signal'),
  }
  const steer = (leaf: EventLeaf, what: string, mend: string) =>
    add(leaf.field, 'WEIR_CONTRACT_STEERING_TAG', what, mend)
  checkCounts(steering, faults, steer)
  checkTypes(steering, steer)
  return steering
}

type Add = (field: AvroField, code: ContractFaultCode, what: string, mend: string) => void
type Steer = (leaf: EventLeaf, what: string, mend: string) => void

function checkWords(field: AvroField, add: Add): void {
  for (const tag of field.ownTags) {
    const slip = slipOf(tag)
    if (slip !== null)
      add(field, 'WEIR_CONTRACT_UNKNOWN_TAG', `the tag "${tag}" looks like "${slip}"`, `Write "${slip}"`)
  }
}

function checkDescribed({ field, name }: EventLeaf, add: Add): void {
  if (field.doc === '')
    add(field, 'WEIR_CONTRACT_UNDESCRIBED', `${name} has no "doc"`, 'Say in plain words what it holds')
  if (field.tags.length === 0) {
    const mend = `Add "confluent:tags" that say what it is (${CLEAR_REFUSED_TAGS.join(', ')}, or words of your own)`
    add(field, 'WEIR_CONTRACT_UNDESCRIBED', `${name} has no tags`, mend)
  }
  // A steering tag that Weir can't reach would be a protection that silently does nothing.
  const inner = field.type.innerTags.find(isSteering)
  if (inner !== undefined) {
    const what = `the tag "${inner}" stands inside ${name}, which is ${field.type.closed ?? 'closed'}`
    add(field, 'WEIR_CONTRACT_STEERING_TAG', what, 'Put it on a leaf that lies in plain records')
  }
}

function checkCounts(steering: Steering, faults: FileFaults, steer: Steer): void {
  for (const tag of ['subject', 'event-time'] as const) {
    if (steering[tag].length > 0) continue
    faults.add(1, 'WEIR_CONTRACT_STEERING_TAG', `no leaf has the tag "${tag}"`, 'Tag exactly one leaf with it')
  }
  for (const tag of ['subject', 'event-time', 'device'] as const) {
    for (const leaf of steering[tag].slice(1)) {
      const first = steering[tag][0]?.name
      steer(leaf, `${leaf.name} has the tag "${tag}", and so has ${first}`, 'Leave it on one leaf')
    }
  }
}

function checkTypes(steering: Steering, steer: Steer): void {
  for (const leaf of [...steering.subject, ...steering.device]) {
    if (leaf.raw.type !== 'string')
      steer(leaf, `${leaf.name} names a person or device but is no string`, 'Make it a string')
  }
  for (const leaf of steering['event-time'].filter((one) => !isMillis(one.raw))) {
    const mend = 'Make it a long with logicalType timestamp-millis'
    steer(leaf, `${leaf.name} is the time of the event but no timestamp-millis`, mend)
  }
  for (const leaf of steering['own-signal'].filter((one) => one.raw.type !== 'boolean')) {
    steer(leaf, `${leaf.name} is the event's own signal but no boolean`, 'Make it a boolean')
  }
  for (const leaf of [...steering.subject, ...steering['event-time']].filter((one) => one.raw.nullable)) {
    steer(leaf, `${leaf.name} may be null, yet every event needs it`, 'Make it and the records around it not null')
  }
}

function isMillis(leaf: RawLeaf): boolean {
  return leaf.type === 'long' && leaf.logicalType === 'timestamp-millis'
}

function dotted(field: AvroField): string {
  return field.path.join('.')
}
