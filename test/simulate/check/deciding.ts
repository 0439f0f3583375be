import type { Holding } from '../../check/consent-history.ts'
import type { PurposeName } from '../load/setting.ts'
import { type Form, grantedForm, type SubjectKeys, strippedForm } from './forms.ts'
import type { Version } from './histories.ts'
import type { Row } from './rows.ts'
import type { SeenTransaction } from './seen.ts'
import type { Ticks } from './ticks.ts'
import type { Bounds } from './window.ts'

/** What a raw record gives under one version of a person's consent and one of a device's: written a second time. */

/** What rows are judged by beside themselves. */
export interface Judging extends Bounds {
  readonly keys: SubjectKeys
  readonly ticks: Ticks
}

const NEEDS: Readonly<Record<PurposeName, readonly PurposeName[]>> = { ads: [], stats: [], offers: ['ads'] }
const REFUSED: ReadonlySet<string> = new Set(['withdrawn', 'objected', 'erased'])

/** Null stands for: nothing is published. Two only when a grant runs out meanwhile. */
export function formsUnder(
  row: Row,
  purpose: PurposeName,
  subject: Version,
  device: Version | null,
  transaction: SeenTransaction,
  { freshnessMs, keys, ticks }: Judging,
): (Form | null)[] {
  const asked = [purpose, ...NEEDS[purpose]]
  const holdings = asked.map((one) => subject.holds.get(one))
  const denied = asked.some((one) => REFUSED.has(device?.holds.get(one)?.status ?? ''))
  const granted = denied ? null : grantedUnder(row, purpose, holdings, keys)
  if (granted === null) return [strippedForm(purpose, row)]

  // Ticks tell the time: none is later than the commit, and the newest is no older than the proof of freshness, nor than
  // what the fence must have come to.
  const ends = holdings.map((holding) => holding?.untilMs ?? Number.POSITIVE_INFINITY)
  const endMs = Math.min(...ends)
  const forms: (Form | null)[] = []
  const toldMs = ticks.knownAt(subject.partition, transaction.begunAtMs)
  if (endMs > Math.max(toldMs, transaction.begunAtMs - freshnessMs)) forms.push(granted)
  if (endMs <= transaction.decidedAtMs) forms.push(strippedForm(purpose, row))
  return forms
}

/** As if no grant ever ran out by itself before the event was processed. */
function grantedUnder(
  row: Row,
  purpose: PurposeName,
  holdings: readonly (Holding | undefined)[],
  keys: SubjectKeys,
): Form | null {
  const covers = (holding: Holding | undefined) =>
    holding?.status === 'granted' &&
    holding.sinceMs <= row.eventTimeMs &&
    (holding.untilMs === null || row.eventTimeMs < holding.untilMs)
  const [own] = holdings
  if (own === undefined || own.salt === null || !holdings.every(covers)) return null
  return grantedForm(purpose, row, { salt: own.salt, epoch: own.epoch, notice: noticeFor(own, row) }, keys)
}

/** The form under the grant of a version whether it covers the event or not; null: there is no grant. */
export function formUnderGrant(row: Row, purpose: PurposeName, subject: Version, keys: SubjectKeys): Form | null {
  const own = subject.holds.get(purpose)
  if (own === undefined || own.salt === null) return null
  return grantedForm(purpose, row, { salt: own.salt, epoch: own.epoch, notice: noticeFor(own, row) }, keys)
}

/** The notice that had been shown when the event happened; after several renewals the first. */
function noticeFor(holding: Holding, row: Row): number {
  return row.eventTimeMs < holding.noticeSinceMs ? holding.noticeBefore : holding.notice
}
