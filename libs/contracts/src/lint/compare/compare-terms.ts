import type { Output, Purpose } from '../../model.ts'
import { type Change, Changes } from './change.ts'
import { durationText } from './duration-text.ts'
import { bySet, type Order } from './verb-order.ts'

/** For how long and to whom an output goes, and where. */
export function compareTerms(before: Output, after: Output): Change[] {
  const changes = new Changes()
  if (before.topic !== after.topic) {
    changes.add('to', 'neither', `writes to ${after.topic}, before to ${before.topic}`)
  }
  const kept = `is kept for ${durationText(after.retentionMs)}, before for ${durationText(before.retentionMs)}`
  changes.add('retention', byLength(before.retentionMs, after.retentionMs), kept)
  const gained = after.recipients.filter((one) => !before.recipients.includes(one))
  const lost = before.recipients.filter((one) => !after.recipients.includes(one))
  const parts = [
    ...(gained.length > 0 ? [`goes to ${gained.join(' and ')} as well`] : []),
    ...(lost.length > 0 ? [`no longer goes to ${lost.join(' and ')}`] : []),
  ]
  changes.add('recipients', bySet(before.recipients, after.recipients), parts.join(', '))
  return changes.list
}

/** What purposes.yaml says of one purpose. */
export function comparePurposes(before: Purpose, after: Purpose): Change[] {
  const changes = new Changes()
  if (before.basis !== after.basis) {
    const order = after.basis === 'consent' ? 'less' : 'more'
    changes.add('basis', order, `rests on ${after.basis}, before on ${before.basis}`)
  }
  if (before.gpc !== after.gpc) {
    const order = after.gpc === 'denies' ? 'less' : 'more'
    const words = after.gpc === 'denies' ? 'listens to' : 'no longer listens to'
    changes.add('gpc', order, `${words} Global Privacy Control`)
  }
  const lasts = byLength(
    before.grantLastsMs ?? Number.POSITIVE_INFINITY,
    after.grantLastsMs ?? Number.POSITIVE_INFINITY,
  )
  changes.add(
    'grantLasts',
    lasts,
    `a grant lasts ${grantText(after.grantLastsMs)}, before ${grantText(before.grantLastsMs)}`,
  )
  const words = (['title', 'summary', 'benefit'] as const).filter((key) => before[key] !== after[key])
  if (words.length > 0) {
    const text = `explains itself in other words (${words.join(', ')}); if they mean something else, it needs the next notice`
    changes.add('words', 'neither', text)
  }
  return changes.list
}

function grantText(ms: number | null): string {
  return ms === null ? 'until withdrawn' : durationText(ms)
}

function byLength(before: number, after: number): Order {
  return before === after ? 'same' : after > before ? 'more' : 'less'
}
