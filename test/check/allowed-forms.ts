import type { History, Holding } from './consent-history.ts'
import { NO_HISTORY } from './consent-history.ts'
import type { CheckedOutput } from './contract-files.ts'
import type { JournalEntry } from './evidence.ts'
import type { GoodRow } from './raw-rows.ts'
import type { Form, Rewriting } from './rewriting.ts'
import { spanOf, versionsIn } from './timeline.ts'

/** What may have become of one raw record for one purpose: one form, or several while a decision was under way. */
export interface Allowed {
  /** Null: withheld. Granted forms first. */
  readonly forms: readonly (Form | null)[]
  /** A grant that decides here has no salt in the dump any more (compacted): its form can't be computed. */
  readonly saltGone: boolean
}

export interface Consent {
  readonly histories: ReadonlyMap<string, History>
  /** By decision id. */
  readonly journal: ReadonlyMap<string, JournalEntry>
}

const REFUSED: ReadonlySet<string> = new Set(['withdrawn', 'objected', 'erased'])

export function allowedForms(row: GoodRow, output: CheckedOutput, rewriting: Rewriting, consent: Consent): Allowed {
  const subjects = holdings(row.subjectRef, row, output.purpose, consent)
  const devices = row.deviceRef === null ? [undefined] : holdings(row.deviceRef, row, output.purpose, consent)
  const denied = devices.some((device) => device !== undefined && REFUSED.has(device.status))
  const free = devices.some((device) => device === undefined || !REFUSED.has(device.status))
  const signalDenies = row.ownSignal && output.gpcDenies

  const granted: Form[] = []
  let mayBeStripped = denied || signalDenies
  let saltGone = false
  if (free && !signalDenies) {
    for (const subject of subjects) {
      if (subject === undefined || !covers(subject, row)) mayBeStripped = true
      else if (subject.salt === null) saltGone = true
      else {
        const grant = { purpose: output.purpose, epoch: subject.epoch, salt: subject.salt }
        const form = rewriting.granted(row, grant, noticeFor(subject, row))
        if (form === null) mayBeStripped = true
        else granted.push(form)
      }
    }
  }
  const forms: (Form | null)[] = distinct(granted)
  if (mayBeStripped) forms.push(rewriting.stripped(row))
  return { forms, saltGone }
}

/** What may have held for this ref and purpose; undefined: nothing. */
function holdings(
  ref: string,
  row: GoodRow,
  purpose: string,
  { histories, journal }: Consent,
): (Holding | undefined)[] {
  const history = histories.get(ref) ?? NO_HISTORY
  const span = spanOf(history, journal, row.partition, row.offset)
  return versionsIn(history, span).map((version) => version.purposes.get(purpose))
}

/** The notice that had been shown when the event happened; after several renewals the first. */
export function noticeFor(holding: Holding, row: GoodRow): number {
  return row.eventTimeMs < holding.noticeSinceMs ? holding.noticeBefore : holding.notice
}

/**
 * One unbroken grant from the event to its processing. `untilMs` is compared with the append time, which is never
 * earlier than the event: none ends in a short run.
 */
function covers(holding: Holding, row: GoodRow): boolean {
  if (holding.status !== 'granted' || holding.sinceMs > row.eventTimeMs) return false
  return holding.untilMs === null || row.appendTimeMs < holding.untilMs
}

function distinct(forms: readonly Form[]): Form[] {
  return forms.filter((form, i) => forms.findIndex((other) => other.value.equals(form.value)) === i)
}
