import type { PurposeState } from './model.ts'

type Notices = Pick<PurposeState, 'notice' | 'noticeSinceMs' | 'noticeBefore'>

/**
 * The notice after a grant or notification, and for which events it counts. A higher one counts for events from then
 * on, a lower one for all: what the person saw last bounds everything. Several rises are not told apart: events before
 * the last of them fall back to the notice it began under.
 *
 * @param before what is renewed; null when it begins
 * @param sinceMs when the decision takes effect (Unix milliseconds)
 */
export function renewedNotice(before: Notices | null, notice: number, sinceMs: number): Notices {
  if (before === null) return { notice, noticeSinceMs: sinceMs, noticeBefore: notice }
  const rises = notice > before.notice
  return {
    notice,
    // The same words agreed to earlier than a rise that lies in the future (a clock that was ahead) count from then.
    noticeSinceMs: rises ? sinceMs : Math.min(before.noticeSinceMs, sinceMs),
    noticeBefore: Math.min(before.noticeBefore, notice),
  }
}

/** The notice that counts for an event: a renewal under a wider one shows nothing more of events from before it. */
export function noticeAt(held: Notices, eventTimeMs: number): number {
  return eventTimeMs >= held.noticeSinceMs ? held.notice : held.noticeBefore
}
