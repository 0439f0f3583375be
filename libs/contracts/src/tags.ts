import { editDistance } from './nearest.ts'

/** Tags that steer Weir, whatever a policy says. */
export const STEERING_TAGS = ['subject', 'device', 'event-time', 'own-signal'] as const
export type SteeringTag = (typeof STEERING_TAGS)[number]

/** Tags of leaves that must never leave in clear. */
export const CLEAR_REFUSED_TAGS = ['PII', 'identifier'] as const

const MEANINGFUL = [...STEERING_TAGS, ...CLEAR_REFUSED_TAGS]

export function isSteering(tag: string): tag is SteeringTag {
  return STEERING_TAGS.some((one) => one === tag)
}

/**
 * The tag with a meaning that a tag without one was probably meant to be. Other tags are the user's own and welcome;
 * a slip like `own-signl` would silently switch a protection off. Short tags must match but for case (`PHI` is not
 * `PII`).
 */
export function slipOf(tag: string): string | null {
  if (MEANINGFUL.some((known) => known === tag)) return null
  const slip = MEANINGFUL.find((known) => {
    const allowed = known.length >= 6 ? 2 : 0
    const word = tag.toLowerCase().replaceAll('_', '-')
    return editDistance(word, known.toLowerCase()) <= allowed
  })
  return slip ?? null
}
