import type { Path, Stream } from '../../model.ts'
import { pathText } from '../../path.ts'
import { type Change, Changes } from './change.ts'

/** Leaves that steer the decision: a signal or a device that is no longer looked at takes a refusal away. */
export function compareSteering(before: Stream, after: Stream): Change[] {
  const changes = new Changes()
  const [a, b] = [before.ownSignals.map(pathText), after.ownSignals.map(pathText)]
  const unheard = a.filter((path) => !b.includes(path))
  const heard = b.filter((path) => !a.includes(path))
  if (unheard.length > 0) changes.add('steering', 'more', `no longer listens to ${unheard.join(' and ')}`)
  if (heard.length > 0) changes.add('steering', 'less', `listens to ${heard.join(' and ')} as well`)
  const [device, other] = [textOf(before.device), textOf(after.device)]
  if (device !== other) {
    const order = device === null ? 'less' : other === null ? 'more' : 'mixed'
    const words = other === null ? `the device no longer refuses (${device})` : `the device in ${other} may refuse`
    changes.add('steering', order, device === null || other === null ? words : `${words}, before ${device}`)
  }
  for (const [what, from, to] of [
    ['the person', before.subject, after.subject],
    ['the time of the event', before.eventTime, after.eventTime],
  ] as const) {
    if (pathText(from) === pathText(to)) continue
    changes.add('steering', 'mixed', `takes ${what} from ${pathText(to)}, before from ${pathText(from)}`)
  }
  return changes.list
}

function textOf(path: Path | null): string | null {
  return path === null ? null : pathText(path)
}
