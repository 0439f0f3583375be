import type { Sensitive } from '@weir/contracts'
import type { EventLeaf, Step } from './event-leaves.ts'
import { stepsText } from './event-leaves.ts'
import { names } from './match-path.ts'

/** Elements of arrays that `sensitive` leaves out, as text: `products[1]`. Empty text: the whole event. */
export function droppedBy(sensitive: Sensitive | null, event: readonly EventLeaf[]): ReadonlySet<string> {
  const dropped = new Set<string>()
  if (sensitive === null) return dropped
  for (const { steps, value } of event) {
    if (!names(sensitive.by, steps) || !sensitive.values.has(String(value))) continue
    dropped.add(stepsText(steps.slice(0, steps.findLastIndex((step) => step.is === 'item') + 1)))
  }
  return dropped
}

/** Whether the steps lead into something that is left out. */
export function isDropped(steps: readonly Step[], dropped: ReadonlySet<string>): boolean {
  return steps.some((_, i) => dropped.has(stepsText(steps.slice(0, i + 1))))
}

/** The same steps in the clean event, where the elements before them that were left out are gone. */
export function afterDrops(steps: readonly Step[], dropped: ReadonlySet<string>): Step[] {
  return steps.map((step, i) => {
    if (step.is !== 'item') return step
    const around = steps.slice(0, i)
    const earlier = Array.from({ length: step.index }, (_, index) => stepsText([...around, { is: 'item', index }]))
    return { is: 'item', index: step.index - earlier.filter((name) => dropped.has(name)).length }
  })
}
