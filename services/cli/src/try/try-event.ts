import { type Contracts, conditionText, type Output, type Stream, verbText } from '@weir/contracts'
import type { Consent } from '../cases/case.ts'
import { withPseudonyms } from '../cases/compare-events.ts'
import { EventPass, type Passed } from '../cases/pass-event.ts'
import { type AvroType, avroType } from '../events/avro-type.ts'
import { plain } from '../events/plain.ts'
import type { Value } from '../events/value.ts'
import { afterDrops, droppedBy, isDropped } from './dropped.ts'
import { type EventLeaf, followClean, leavesOfEvent, stepsText } from './event-leaves.ts'
import { meets, saidOf } from './match-path.ts'

/** One leaf before and after, for one purpose and one answer. */
export interface TriedLeaf {
  readonly path: string
  readonly before: unknown
  /** Null where `passes` is false, or what passes is null. */
  readonly after: unknown
  /** Whether the leaf is in the clean event at all. */
  readonly passes: boolean
  readonly why: string
}

/** What one purpose gets when the person has answered so. */
export interface Tried {
  readonly purpose: string
  /** The notice that the grant was given under; null: no grant. */
  readonly notice: number | null
  readonly isCurrent: boolean
  readonly outcome: Passed['outcome'] | 'quarantined'
  readonly file: string | null
  /** Why the outcome is what it is, where it needs saying. */
  readonly why: string | null
  readonly leaves: readonly TriedLeaf[]
}

/** One event as each purpose sees it with a grant, with an old one and with none. */
export function tryEvent(contracts: Contracts, stream: Stream, event: Value, alsoGranted: readonly string[]): Tried[] {
  const pass = new EventPass(contracts, stream)
  const before = leavesOfEvent(avroType(stream.rawSchema), event)
  return stream.outputs.flatMap((output) => {
    const notices = output.policies.map((policy) => policy.notice).toReversed()
    return [...notices, null].map((notice) => {
      const consents = consentsFor(contracts, output, notice, alsoGranted)
      const passed = pass.pass(event, consents, new Map())
      if ('quarantined' in passed) return quarantined(output, notice, passed.quarantined)
      const found = passed.outputs.find((one) => one.output === output)
      if (found === undefined) throw new Error('a stream lost an output')
      return tried(found, notice, before)
    })
  })
}

function consentsFor(
  contracts: Contracts,
  { purpose, policies }: Output,
  notice: number | null,
  alsoGranted: readonly string[],
): Map<string, Consent> {
  const granted = (shown: number): Consent => ({
    status: 'granted',
    notice: shown,
    since: 'before-event',
    until: 'ahead',
  })
  const consents = new Map<string, Consent>()
  const others = notice === null ? alsoGranted : [...(policies.at(-1)?.needs ?? []), ...alsoGranted]
  for (const name of others) {
    const other = contracts.purposes.find((one) => one.name === name)
    if (other !== undefined && name !== purpose.name) consents.set(name, granted(other.notice))
  }
  if (notice !== null) consents.set(purpose.name, granted(notice))
  return consents
}

function quarantined({ purpose, policies }: Output, notice: number | null, fault: string): Tried {
  const isCurrent = notice === policies.at(-1)?.notice
  const why = `it can't be processed: ${fault}`
  return { purpose: purpose.name, notice, isCurrent, outcome: 'quarantined', file: null, why, leaves: [] }
}

function tried(passed: Passed, notice: number | null, before: readonly EventLeaf[]): Tried {
  const { output, outcome, file } = passed
  const isCurrent = notice === output.policies.at(-1)?.notice
  const leaves = outcome === 'withheld' ? [] : leavesAfter(passed, before)
  return { purpose: output.purpose.name, notice, isCurrent, outcome, file, why: whyOf(passed, notice, before), leaves }
}

function whyOf(passed: Passed, notice: number | null, before: readonly EventLeaf[]): string | null {
  const { outcome, branch } = passed
  const parts: string[] = []
  if (notice !== null && (outcome === 'stripped' || branch === null)) {
    parts.push("the event's own signal takes the purpose away, whatever was granted")
  }
  if (outcome !== 'withheld') return parts[0] ?? null
  if (branch === null) parts.push('without a grant nothing is published')
  else if (!meets(before, branch.events)) parts.push(`only events where ${conditionText(branch.events)} give output`)
  else
    parts.push(
      `it has a value of ${branch.sensitive?.file ?? 'a list'}, which needs ${branch.sensitive?.needs ?? 'more'}`,
    )
  return parts.join('; ')
}

function leavesAfter(passed: Passed, before: readonly EventLeaf[]): TriedLeaf[] {
  const { branch, output, event, sensitiveAllowed } = passed
  if (branch === null) return []
  const cleanType = avroType(output.cleanSchema)
  const dropped = droppedBy(sensitiveAllowed ? null : branch.sensitive, before)
  return before.map((leaf) => {
    const path = stepsText(leaf.steps)
    const written = { path, before: plain(leaf.type, leaf.value) }
    const nothing = { ...written, after: null, passes: false }
    if (isDropped(leaf.steps, dropped)) {
      const why = `left out by sensitive: it is listed in ${branch.sensitive?.file ?? ''}, and ${branch.sensitive?.needs ?? ''} is not granted`
      return { ...nothing, why }
    }
    const said = saidOf(branch, leaf.steps, before)
    if (said.is === 'unnamed') return { ...nothing, why: 'no line names it' }
    if (said.is === 'elsewhere') return { ...nothing, why: `only where ${conditionText(said.when)}` }
    const after = cleanOf(cleanType, event, leaf, dropped)
    return { ...written, after, passes: true, why: whyLeaf(verbText(said.verb), leaf.value, after) }
  })
}

function cleanOf(type: AvroType, event: Value, leaf: EventLeaf, dropped: ReadonlySet<string>): unknown {
  const found = followClean(type, event, afterDrops(leaf.steps, dropped))
  return found === undefined ? null : withPseudonyms(plain(found.type, found.value))
}

function whyLeaf(verb: string, before: Value, after: unknown): string {
  if (before === null) return `${verb}: null stays null`
  return after === null ? `${verb}: it does not fit, so null` : verb
}
