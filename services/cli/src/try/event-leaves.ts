import { type AvroType, branchName, withoutNull } from '../events/avro-type.ts'
import { isPart, type Value } from '../events/value.ts'

/** A step into an event: a field, an element, a key, a branch of a union. */
export type Step =
  | { readonly is: 'field'; readonly name: string }
  | { readonly is: 'item'; readonly index: number }
  | { readonly is: 'key'; readonly key: string }
  | { readonly is: 'branch'; readonly name: string }

/** One leaf of one event; also a container that is null or empty, since nothing lies in it. */
export interface EventLeaf {
  readonly steps: readonly Step[]
  readonly type: AvroType
  readonly value: Value
}

/** All leaves of an event, in source order. */
export function leavesOfEvent(union: AvroType, value: Value, steps: readonly Step[] = []): EventLeaf[] {
  const { type } = withoutNull(union)
  const here: EventLeaf[] = [{ steps, type: union, value }]
  if (type.kind === 'record' && isPart(value, 'record')) {
    return type.fields.flatMap(({ name, type: field }) =>
      leavesOfEvent(field, value.fields.get(name) ?? null, [...steps, { is: 'field', name }]),
    )
  }
  if (type.kind === 'array' && Array.isArray(value) && value.length > 0) {
    return value.flatMap((item, index) => leavesOfEvent(type.items, item, [...steps, { is: 'item', index }]))
  }
  if (type.kind === 'map' && isPart(value, 'map') && value.entries.size > 0) {
    return [...value.entries].flatMap(([key, item]) => leavesOfEvent(type.values, item, [...steps, { is: 'key', key }]))
  }
  if (type.kind === 'union' && isPart(value, 'union')) {
    const branch = type.branches[value.branch]
    if (branch === undefined) return here
    return leavesOfEvent(branch, value.value, [...steps, { is: 'branch', name: branchName(branch) }])
  }
  return here
}

/** `products[0].sku`, `flags{risk}`, `action<View>.dwell` */
export function stepsText(steps: readonly Step[]): string {
  return steps.map(stepText).join('')
}

function stepText(step: Step, i: number): string {
  switch (step.is) {
    case 'field':
      return i === 0 ? step.name : `.${step.name}`
    case 'item':
      return `[${step.index}]`
    case 'key':
      return `{${step.key}}`
    case 'branch':
      return `<${step.name}>`
  }
}

/** What lies at the end of the steps in an event of its clean schema; undefined where the schema has nothing there. */
export function followClean(
  union: AvroType,
  value: Value,
  steps: readonly Step[],
): { readonly type: AvroType; readonly value: Value } | undefined {
  const [step, ...rest] = steps
  if (step === undefined) return { type: union, value }
  const { type } = withoutNull(union)
  if (type.kind === 'record' && (step.is === 'field' || step.is === 'branch')) {
    // A union shows as a record with a field for each branch.
    const name = step.is === 'branch' ? step.name.replaceAll('.', '_') : step.name
    const field = type.fields.find((one) => one.name === name)
    if (field === undefined) return undefined
    return followClean(field.type, isPart(value, 'record') ? (value.fields.get(name) ?? null) : null, rest)
  }
  if (type.kind === 'array' && step.is === 'item') {
    return followClean(type.items, Array.isArray(value) ? (value[step.index] ?? null) : null, rest)
  }
  if (type.kind === 'map' && step.is === 'key') {
    return followClean(type.values, isPart(value, 'map') ? (value.entries.get(step.key) ?? null) : null, rest)
  }
  return undefined
}
