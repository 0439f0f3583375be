import type { Violation } from '../check/seen.ts'
import { SETTING } from '../load/setting.ts'
import type { Decide, Event, KafkaFault, RedisFault, Schedule, Step, Who } from '../schedule/steps.ts'

/** One step as a line that a person can follow. */
export function inWords(step: Step): string {
  return `${(step.atMs / 1_000).toFixed(3).padStart(8)} s  ${said(step)}`
}

/** The whole schedule, and what was found; a failing seed is told by it. */
export function storyOf(schedule: Schedule, violations: readonly Violation[]): string {
  const { name, brokers, running, steps } = schedule
  return [
    `${name}: ${brokers === 1 ? 'one broker' : `${brokers} brokers`}; running are ${running.join(', ')}`,
    ...steps.map(inWords),
    ...violations.map(({ kind, words }) => `${kind.toUpperCase()}: ${words}`),
    '',
  ].join('\n')
}

function said(step: Step): string {
  switch (step.do) {
    case 'event':
      return eventSaid(step)
    case 'decide':
      return decisionSaid(step)
    case 'kafka':
      return kafkaSaid(step)
    case 'redis':
      return REDIS[step.fault]
    case 'heal':
      return 'all faults end'
    case 'end':
      return 'the end'
    default:
      return `${PROCESS[step.do]} ${step.process}`
  }
}

const PROCESS = { pause: 'pauses', resume: 'resumes', kill: 'kills', stop: 'stops in order', start: 'starts' } as const

function eventSaid({ row, user, device, ageMs, bad }: Event): string {
  const by = `${name({ user })}${device === null ? '' : ` on ${name({ device })}`}`
  const age = ageMs === 0 ? '' : `, ${ageMs} ms old`
  return `row ${row} by ${by}${age}${bad ? ', cut short' : ''}`
}

function decisionSaid({ id, kind, who, linkedTo, purposes, notices, lastsMs, basedOn }: Decide): string {
  const short = id.slice(0, 8)
  if (kind === 'link') return `${name(who)} is linked to ${name({ user: linkedTo ?? -1 })} (${short})`
  if (kind !== 'grant') return `${name(who)} ${kind}s ${purposes.join(', ')} (${short})`
  const what = purposes.map((purpose, i) => `${purpose} under notice ${notices[i]}`).join(', ')
  const lasts = lastsMs === null ? '' : `, ends after ${lastsMs} ms`
  return `${name(who)} grants ${what}${lasts}${BASED_ON[basedOn]} (${short})`
}

const BASED_ON = { now: '', nothing: ', knowing no decision', before: ', knowing an older state' } as const

function kafkaSaid(step: KafkaFault): string {
  switch (step.fault) {
    case 'kill':
    case 'start':
    case 'isolate':
    case 'rejoin':
      return `${BROKER[step.fault]} broker ${step.broker}`
    case 'cut':
      return `connections of ${step.process} break`
    case 'next': {
      const fate = 'lose' in step.fate ? `loses its ${step.fate.lose}` : `is ${step.fate.delayMs} ms late`
      return `the next ${step.api} of ${step.process} ${fate}`
    }
    case 'pauseMarkers':
      return `no markers${step.of === undefined ? '' : ` on ${step.of}`} for ${step.forMs} ms`
    case 'coordinatorAway':
      return `no coordinator for ${step.forMs} ms`
    case 'compact':
      return `${step.topic} is compacted`
    case 'trim':
      return `raw partition ${step.partition} loses all that it holds`
    case 'loseOffsets':
      return `the offsets of the ${step.group}s are lost`
  }
}

const BROKER = { kill: 'kills', start: 'starts', isolate: 'isolates', rejoin: 'lets in again' } as const

const REDIS: Readonly<Record<RedisFault['fault'], string>> = {
  flush: 'Redis is flushed',
  save: 'Redis keeps a dump',
  oldDump: 'Redis is restored from its dump',
  down: 'Redis is down',
  up: 'Redis is up',
  failover: 'Redis fails over to a replica that lacks the last writes',
  split: 'Redis splits: who wrote before goes on with the old master',
  join: 'Redis is one again',
  evict: 'Redis evicts a key',
}

function name(who: Who): string {
  const id = 'user' in who ? SETTING.users[who.user] : SETTING.devices[who.device]
  return id ?? 'somebody unknown'
}
