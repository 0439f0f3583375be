import type { Schedule, Step } from '../schedule/index.ts'

/** How often a schedule does each thing that is no event, no decision and no healing. */
export function countFaults({ steps }: Schedule): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const step of steps) {
    const name = faultName(step)
    if (name !== null) counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function faultName(step: Step): string | null {
  switch (step.do) {
    case 'event':
    case 'decide':
    case 'heal':
    case 'end':
    case 'resume':
      return null
    case 'kafka':
      return step.fault === 'start' || step.fault === 'rejoin' ? null : `kafka ${step.fault}`
    case 'redis':
      return step.fault === 'up' || step.fault === 'save' || step.fault === 'join' ? null : `redis ${step.fault}`
    case 'start':
      return null
    default:
      return `process ${step.do}`
  }
}
