import type { Contracts } from '../../model.ts'
import type { Change } from './change.ts'
import { compareSteering } from './compare-steering.ts'
import { comparePurposes, compareTerms } from './compare-terms.ts'
import { compareViews } from './compare-views.ts'
import { widens } from './verb-order.ts'
import { outputIn, purposeIn, type View, viewOfGrant, viewOfPolicy, viewWithoutGrant } from './view.ts'

/**
 * Who a change is for. `grants`: those who agreed under one of these notices, which were in force before. `new-grants`:
 * those who will agree under a notice that is new, beside what the newest one showed. `without-grant`: everyone else.
 * `all`: whoever the output is about.
 */
export type Audience =
  | { readonly kind: 'grants'; readonly notices: readonly number[] }
  | { readonly kind: 'new-grants'; readonly notice: number; readonly besideNotice: number | null }
  | { readonly kind: 'without-grant' }
  | { readonly kind: 'all' }

export interface AudienceChanges {
  readonly audience: Audience
  /** What decides for them now. */
  readonly after: View
  readonly changes: readonly Change[]
}

/** What one purpose sees of one stream, before and after. Null for the stream: what purposes.yaml says of it. */
export interface OutputChanges {
  readonly stream: string | null
  readonly purpose: string
  readonly kind: 'added' | 'removed' | 'changed'
  readonly noticeBefore: number | null
  readonly noticeAfter: number | null
  readonly groups: readonly AudienceChanges[]
  /**
   * Whether something is shown finer, longer or to more recipients than before. `none`: no. `new-notice`: yes, and only
   * to people who are asked anew. `missing`: yes, and to people who have agreed to less; it needs the next notice.
   */
  readonly widening: 'none' | 'new-notice' | 'missing'
}

/** Everything that differs between a contract as it was and as it is; what is equal is left out. */
export function compareContracts(before: Contracts, after: Contracts): OutputChanges[] {
  const purposes = union(
    after.purposes.map((one) => one.name),
    before.purposes.map((one) => one.name),
  )
  const streams = union(
    after.streams.map((one) => one.name),
    before.streams.map((one) => one.name),
  )
  return purposes.flatMap((purpose) => [
    ...ofPurpose(before, after, purpose),
    ...streams.flatMap((stream) => ofOutput(before, after, stream, purpose)),
  ])
}

function ofPurpose(before: Contracts, after: Contracts, name: string): OutputChanges[] {
  const [a, b] = [purposeIn(before, name), purposeIn(after, name)]
  // A purpose that comes or goes shows in its outputs.
  if (a === null || b === null) return []
  const changes = comparePurposes(a, b)
  if (changes.length === 0) return []
  const group: AudienceChanges = { audience: { kind: 'all' }, after: viewWithoutGrant(null), changes }
  const asked = b.notice > a.notice
  // Basis and GPC hold for every grant at once, whatever notice it was given under.
  const forAll = changes.some(({ about, order }) => (about === 'basis' || about === 'gpc') && widens(order))
  const covered = asked && !(forAll && oldGrantsCount(after, name, a.notice))
  return [outcome(null, name, 'changed', a.notice, b.notice, [group], () => covered)]
}

/** Whether grants under a notice still give something: a policy for them is in force, or no policy tells them apart. */
function oldGrantsCount(contracts: Contracts, purpose: string, notice: number): boolean {
  const outputs = contracts.streams.flatMap((stream) => stream.outputs).filter((one) => one.purpose.name === purpose)
  return outputs.length === 0 || outputs.some((one) => one.policies.some((policy) => policy.notice <= notice))
}

function ofOutput(before: Contracts, after: Contracts, stream: string, purpose: string): OutputChanges[] {
  const [a, b] = [outputIn(before, stream, purpose), outputIn(after, stream, purpose)]
  if (a === null && b === null) return []
  const noticeBefore = a?.purpose.notice ?? purposeIn(before, purpose)?.notice ?? null
  const noticeAfter = b?.purpose.notice ?? purposeIn(after, purpose)?.notice ?? null
  const groups: AudienceChanges[] = []

  if (a !== null && b !== null) {
    const changes = [...compareTerms(a, b), ...steering(before, after, stream)]
    groups.push({ audience: { kind: 'all' }, after: viewWithoutGrant(b), changes })
  }
  for (const policy of b?.policies ?? []) {
    if (noticeBefore !== null && policy.notice <= noticeBefore) continue
    const earlier = b?.policies.findLast((one) => one.notice < policy.notice) ?? null
    // The first new notice is seen beside what the newest one showed; the next ones beside the one before them.
    const beside = a?.policies.at(-1) ?? null
    const isFirstNew = noticeBefore === null || earlier === null || earlier.notice <= noticeBefore
    const seen = isFirstNew ? beside : earlier
    const audience: Audience = { kind: 'new-grants', notice: policy.notice, besideNotice: seen?.notice ?? null }
    const from = seen === null ? viewWithoutGrant(null) : viewOfPolicy(seen)
    groups.push({ audience, after: viewOfPolicy(policy), changes: compareViews(from, viewOfPolicy(policy)) })
  }
  groups.push(...ofGrants(a, b, noticeBefore ?? 0))
  const [without, withoutAfter] = [viewWithoutGrant(a), viewWithoutGrant(b)]
  groups.push({
    audience: { kind: 'without-grant' },
    after: withoutAfter,
    changes: compareViews(without, withoutAfter),
  })
  const told = groups.filter((group) => group.changes.length > 0)
  const kind = a === null ? 'added' : b === null ? 'removed' : 'changed'
  if (told.length === 0 && kind === 'changed') return []

  const asked = noticeBefore === null || (noticeAfter ?? 0) > noticeBefore
  // Everyone is asked anew, and data goes where it is kept by the new terms alone.
  const allAnew =
    asked && a?.topic !== b?.topic && b?.policies.every((one) => one.notice > (noticeBefore ?? 0)) === true
  const covered = ({ audience }: AudienceChanges): boolean => {
    if (audience.kind === 'new-grants') return true
    if (audience.kind === 'without-grant') return asked
    return audience.kind === 'all' && (allAnew || a === null)
  }
  return [outcome(stream, purpose, kind, noticeBefore, noticeAfter, told, covered)]
}

function steering(before: Contracts, after: Contracts, name: string): Change[] {
  const [a, b] = [before, after].map(({ streams }) => streams.find((one) => one.name === name))
  return a === undefined || b === undefined ? [] : compareSteering(a, b)
}

/** People who have agreed already, by the notice they agreed to; those for whom the same changes are one group. */
function ofGrants(
  before: ReturnType<typeof outputIn>,
  after: ReturnType<typeof outputIn>,
  noticeBefore: number,
): AudienceChanges[] {
  const notices = union(
    (before?.policies ?? []).map((one) => one.notice),
    (after?.policies ?? []).map((one) => one.notice),
  )
    .filter((notice) => notice <= noticeBefore)
    .toSorted((a, b) => a - b)
  const groups: { notices: number[]; after: View; changes: Change[] }[] = []
  for (const notice of notices) {
    const view = viewOfGrant(after, notice)
    const changes = compareViews(viewOfGrant(before, notice), view)
    const last = groups.at(-1)
    if (last !== undefined && last.after.file === view.file && sameChanges(last.changes, changes)) {
      last.notices.push(notice)
    } else groups.push({ notices: [notice], after: view, changes })
  }
  return groups.map(({ notices, after, changes }) => ({ audience: { kind: 'grants', notices }, after, changes }))
}

function sameChanges(a: readonly Change[], b: readonly Change[]): boolean {
  return a.length === b.length && a.every((change, i) => change.text === b[i]?.text)
}

function outcome(
  stream: string | null,
  purpose: string,
  kind: OutputChanges['kind'],
  noticeBefore: number | null,
  noticeAfter: number | null,
  groups: readonly AudienceChanges[],
  covered: (group: AudienceChanges) => boolean,
): OutputChanges {
  const wider = groups.filter((group) => group.changes.some((change) => widens(change.order)))
  const widening = wider.length === 0 ? 'none' : wider.every(covered) ? 'new-notice' : 'missing'
  return { stream, purpose, kind, noticeBefore, noticeAfter, groups, widening }
}

function union<T>(a: readonly T[], b: readonly T[]): T[] {
  return [...new Set([...a, ...b])]
}
