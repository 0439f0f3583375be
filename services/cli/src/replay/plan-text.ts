import { type DecidedCounts, offsetsOf, type ReplayPlan } from '@weir/replay'
import { tableText } from '../table.ts'
import { lengthText } from './times.ts'

const REASONS: Readonly<Record<string, string>> = {
  'no-grant': 'nothing is known of the person for this purpose',
  withdrawn: 'withdrawn',
  objected: 'objected',
  expired: 'the grant has ended by itself',
  erased: 'the person was erased',
  'told-only': 'told, but no grant',
  'unknown-status': 'a status that this version does not know',
  'before-grant': 'the event lies before the grant that holds now',
  'grant-over': 'the grant has run out',
  'device-refused': 'its device refuses',
  'own-signal': 'the event itself says no (GPC)',
  'needed-purpose': 'another purpose that is needed is not granted',
  'older-notice': 'the notice that was shown covers no policy in force',
  'not-shown': 'granted, but the policy shows no such event or value',
}

/** A plan for people. */
export function planText(plan: ReplayPlan): string {
  const { found } = plan
  const lines = [
    `Replay of ${plan.stream}, plan ${plan.planId}`,
    `  reads ${plan.rawTopic}: ${number(offsetsOf(plan))} offsets`,
    ...plan.ranges.map(({ partition, from, to }) => `    partition ${partition}: ${from} to before ${to}`),
    ...plan.outputs.map(({ purpose, topic }) => `  writes ${purpose} to ${topic}`),
    plan.into === 'live' ? '  after what the live topics hold: consumers get these events once more' : '',
    `  ${number(found.records)} records, ${bytesText(found.bytes)} of keys and values; ${number(found.faulty)} of them can’t be processed and are passed over`,
    `  about ${lengthText(found.seconds)}${plan.rate === null ? '' : `, at most ${number(plan.rate)} records a second`}`,
    `  to be run before ${new Date(plan.expiresAtMs).toISOString()}`,
  ]
  return `${lines.filter((line) => line !== '').join('\n')}\n\n${countsText(plan)}`
}

function countsText({ found }: ReplayPlan): string {
  const rows = [['purpose', 'outcome', 'then', 'now', 'difference']]
  for (const { purpose, now, before } of found.outputs) {
    for (const outcome of ['granted', 'stripped', 'withheld'] as const) {
      rows.push([outcome === 'granted' ? purpose : '', outcome, ...counts(outcome, now, before)])
    }
  }
  const reasons = found.outputs.flatMap(({ purpose, reasons: of }) => [
    ...(Object.keys(of).length === 0 ? [] : [`Not granted now for ${purpose}:`]),
    ...Object.entries(of)
      .sort(([, a], [, b]) => b - a)
      .map(([reason, count]) => `  ${number(count)}  ${REASONS[reason] ?? reason}`),
  ])
  return [tableText(rows), coverageText(found), ...reasons, ''].join('\n')
}

function counts(outcome: keyof DecidedCounts, now: DecidedCounts, before: DecidedCounts | null): string[] {
  if (before === null) return ['?', number(now[outcome]), '?']
  const difference = now[outcome] - before[outcome]
  return [number(before[outcome]), number(now[outcome]), difference > 0 ? `+${number(difference)}` : number(difference)]
}

function coverageText({ auditedOffsets, offsets }: { auditedOffsets: number; offsets: number }): string {
  if (auditedOffsets === offsets) return 'Then: as the audit records say.'
  const share = Math.floor((100 * auditedOffsets) / Math.max(1, offsets))
  return `Then: only what audit records say that lie wholly in the range, ${share} % of it.`
}

export function number(count: number): string {
  return count.toLocaleString('en')
}

function bytesText(bytes: number): string {
  if (bytes < 1e6) return `${number(Math.ceil(bytes / 1e3))} kB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}
