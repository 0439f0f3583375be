import { type AvroInner, type AvroNode, containersOf, nodeText } from './avro.ts'
import type { ContractFaultCode } from './error.ts'
import type { EventLeaf } from './event-schema.ts'
import type { FileFaults } from './faults.ts'
import type { Pointer } from './json.ts'
import { FILE_START, type Spot } from './located.ts'
import type { RawLeaf } from './model.ts'
import { ANY_KEY, EACH, isSpecial } from './path.ts'
import { CLEAR_REFUSED_TAGS, isSteering, type SteeringTag, slipOf } from './tags.ts'

/** Leaves by steering tag. Without faults: one subject, one event time, at most one device. */
export type Steering = Readonly<Record<SteeringTag, readonly EventLeaf[]>>

/** Checks the tags and docs of a raw schema, and finds the leaves that steer. */
export function checkTags(
  root: AvroInner,
  leaves: readonly EventLeaf[],
  faults: FileFaults,
  spotOf: (pointer: Pointer) => Spot,
): Steering {
  const add: Add = (node, code, what, mend) => faults.add(spotOf(node.pointer), code, what, mend)

  for (const container of containersOf(root)) {
    if (!isSpecial(container.step)) checkWords(container, add)
    if (container.kind !== 'record') continue
    for (const tag of container.ownTags.filter(isSteering)) {
      const what = `the tag "${tag}" stands on the record ${nodeText(container)}`
      add(container, 'WEIR_CONTRACT_STEERING_TAG', what, 'Put it on a leaf')
    }
  }
  for (const leaf of leaves) {
    if (!isSpecial(leaf.node.step)) checkWords(leaf.node, add)
    checkDescribed(leaf, add)
  }

  const tagged = (tag: SteeringTag) => leaves.filter((leaf) => leaf.node.ownTags.includes(tag))
  const steering = {
    subject: tagged('subject'),
    device: tagged('device'),
    'event-time': tagged('event-time'),
    'own-signal': tagged('own-signal'),
  }
  const steer = (leaf: EventLeaf, what: string, mend: string) =>
    add(leaf.node, 'WEIR_CONTRACT_STEERING_TAG', what, mend)
  checkCounts(steering, faults, steer)
  checkPlaces(steering, steer)
  checkTypes(steering, steer)
  return steering
}

type Add = (node: AvroNode, code: ContractFaultCode, what: string, mend: string) => void
type Steer = (leaf: EventLeaf, what: string, mend: string) => void

function checkWords(node: AvroNode, add: Add): void {
  for (const tag of node.ownTags) {
    const slip = slipOf(tag)
    if (slip !== null)
      add(node, 'WEIR_CONTRACT_UNKNOWN_TAG', `the tag "${tag}" looks like "${slip}"`, `Write "${slip}"`)
  }
}

function checkDescribed({ node, name }: EventLeaf, add: Add): void {
  if (node.doc === '')
    add(node, 'WEIR_CONTRACT_UNDESCRIBED', `${name} has no "doc"`, 'Say in plain words what it holds')
  if (node.tags.length === 0) {
    const mend = `Add "confluent:tags" that say what it is (${CLEAR_REFUSED_TAGS.join(', ')}, or words of your own)`
    add(node, 'WEIR_CONTRACT_UNDESCRIBED', `${name} has no tags`, mend)
  }
  // A steering tag that Weir can't reach would be a protection that silently does nothing.
  const inner = node.innerTags.find(isSteering)
  if (inner !== undefined) {
    const what = `the tag "${inner}" stands inside ${name}, which is ${node.closed ?? 'closed'}`
    add(node, 'WEIR_CONTRACT_STEERING_TAG', what, 'Put it on a leaf that a path reaches')
  }
}

function checkCounts(steering: Steering, faults: FileFaults, steer: Steer): void {
  for (const tag of ['subject', 'event-time'] as const) {
    if (steering[tag].length > 0) continue
    faults.add(FILE_START, 'WEIR_CONTRACT_STEERING_TAG', `no leaf has the tag "${tag}"`, 'Tag exactly one leaf with it')
  }
  for (const tag of ['subject', 'event-time', 'device'] as const) {
    for (const leaf of steering[tag].slice(1)) {
      const first = steering[tag][0]?.name
      steer(leaf, `${leaf.name} has the tag "${tag}", and so has ${first}`, 'Leave it on one leaf')
    }
  }
}

/** Of several elements or keys none is the one that counts, so a tag there would steer by chance. */
function checkPlaces(steering: Steering, steer: Steer): void {
  for (const [tag, leaves] of Object.entries(steering)) {
    for (const leaf of leaves) {
      const step = leaf.raw.path.find((one) => one === EACH || one === ANY_KEY)
      if (step === undefined) continue
      const what = `the tag "${tag}" stands inside ${step === EACH ? 'an array' : 'a map'}, at ${leaf.name}`
      steer(leaf, what, 'Put it on a leaf that each event has once')
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
