import type { Branch, LeafIs, Sensitive } from '../../model.ts'
import { pathText } from '../../path.ts'
import { type Change, Changes } from './change.ts'
import { type Showing, shownLeaves } from './shown-leaves.ts'
import { both, bySet, compareVerbs, type Order, widens } from './verb-order.ts'
import { conditionText, verbInWords, verbText } from './verb-text.ts'

/** What the second branch shows more or less than the first. Null is a branch that gives nothing. */
export function compareBranches(before: Branch | null, after: Branch | null): Change[] {
  const changes = new Changes()
  // Beside a branch that gave nothing, conditions and exceptions take nothing away that was there.
  if (before !== null && after !== null) {
    compareEvents(before.events, after.events, changes)
    compareSensitive(before.sensitive, after.sensitive, changes)
  }
  const [a, b] = [shownLeaves(before), shownLeaves(after)]
  const told = new Set<string>()
  for (const name of [...b.keys(), ...a.keys()]) {
    if (told.has(name)) continue
    told.add(name)
    compareLeaf(name, a.get(name) ?? [], b.get(name) ?? [], changes)
  }
  return changes.list
}

function compareLeaf(name: string, before: readonly Showing[], after: readonly Showing[], changes: Changes): void {
  const gained = after.filter((showing) => !before.some((other) => covers(other, showing)))
  const lost = before.filter((showing) => !after.some((other) => covers(other, showing)))
  const written = (after[0] ?? before[0])?.written ?? null
  if (before.length === 0) return changes.add('leaf', 'more', `also shows ${name} ${shownAs(after)}`, written)
  if (after.length === 0) return changes.add('leaf', 'less', `no longer shows ${name} (${asWritten(before)})`, written)
  const from = `${asWritten(before)} → ${asWritten(after)}`
  if (gained.length > 0 && lost.length > 0) {
    return changes.add('leaf', 'mixed', `shows ${name} in another way: ${from}`, written)
  }
  if (gained.length > 0)
    return changes.add('leaf', 'more', `shows more of ${name}: ${from}${grown(before, after)}`, written)
  if (lost.length > 0)
    return changes.add('leaf', 'less', `shows less of ${name}: ${from}${grown(before, after)}`, written)
  const renamed = after.some((showing, i) => {
    const other = before[i]
    return other !== undefined && compareVerbs(other.verb, showing.verb) === 'neither'
  })
  if (renamed) changes.add('leaf', 'neither', `writes another word for ${name}: ${from}`, written)
}

/** Whether whoever sees `a` sees all that `b` gives, in all events in which `b` gives it. */
function covers(a: Showing, b: Showing): boolean {
  return impliedBy(a.when, b.when) && !widens(compareVerbs(a.verb, b.verb))
}

/** Whether every event that meets `stricter` meets `looser`. */
function impliedBy(looser: readonly LeafIs[], stricter: readonly LeafIs[]): boolean {
  return looser.every((condition) => {
    const name = pathText(condition.path)
    return stricter.some(
      (other) => pathText(other.path) === name && other.constants.every((one) => condition.constants.includes(one)),
    )
  })
}

function compareEvents(before: readonly LeafIs[], after: readonly LeafIs[], changes: Changes): void {
  const more = !impliedBy(before, after)
  const less = !impliedBy(after, before)
  const order: Order = more && less ? 'mixed' : more ? 'more' : less ? 'less' : 'same'
  changes.add('events', order, `gives output for ${events(after)}, before for ${events(before)}`)
}

function events(conditions: readonly LeafIs[]): string {
  return conditions.length === 0 ? 'all events' : `events where ${conditionText(conditions)}`
}

function compareSensitive(before: Sensitive | null, after: Sensitive | null, changes: Changes): void {
  if (before === null && after === null) return
  if (before === null) return changes.add('sensitive', 'less', `leaves out ${sensitive(after)}`)
  if (after === null) return changes.add('sensitive', 'more', `no longer leaves out ${sensitive(before)}`)
  // The longer list leaves out more.
  const listed = turned(bySet([...before.values], [...after.values]))
  const other = pathText(before.by) !== pathText(after.by) || before.needs !== after.needs
  const order = both(listed, other ? 'mixed' : 'same')
  changes.add('sensitive', order, `leaves out ${sensitive(after)}, before ${sensitive(before)}`)
}

function sensitive(rule: Sensitive | null): string {
  if (rule === null) return 'nothing'
  const what = `the ${rule.values.size} values of ${rule.file} in ${pathText(rule.by)}`
  return `${what} unless ${rule.needs} is granted too`
}

function turned(order: Order): Order {
  return order === 'more' ? 'less' : order === 'less' ? 'more' : order
}

function shownAs(showings: readonly Showing[]): string {
  return showings
    .map(({ verb, when }) => verbInWords(verb) + (when.length === 0 ? '' : ` where ${conditionText(when)}`))
    .join(', and ')
}

function asWritten(showings: readonly Showing[]): string {
  return showings
    .map(({ verb, when }) => verbText(verb) + (when.length === 0 ? '' : ` where ${conditionText(when)}`))
    .join(', ')
}

const NAMED_VALUES = 5

/** For a list or patterns that changed under one name, which values they are. */
function grown(before: readonly Showing[], after: readonly Showing[]): string {
  const [a, b] = [valuesOf(before[0]), valuesOf(after[0])]
  if (a === null || b === null) return ''
  const gained = b.filter((value) => !a.includes(value))
  const lost = a.filter((value) => !b.includes(value))
  const parts = [named('more', gained), named('less', lost)].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`
}

function valuesOf(showing: Showing | undefined): readonly string[] | null {
  if (showing?.verb.kind === 'in') return [...showing.verb.values]
  return null
}

function named(word: string, values: readonly string[]): string {
  if (values.length === 0) return ''
  const rest = values.length > NAMED_VALUES ? ', …' : ''
  return `${values.length} ${word}: ${values.slice(0, NAMED_VALUES).join(', ')}${rest}`
}
