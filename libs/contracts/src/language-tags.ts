import type { CLEAR_REFUSED_TAGS, SteeringTag } from './tags.ts'

/** What each tag with a meaning means. A type that misses one does not compile. */
export const tagWords: Readonly<Record<SteeringTag | (typeof CLEAR_REFUSED_TAGS)[number], string>> = {
  subject:
    'Names the person: exactly one string, never null, so in no array, map or union. Their grant decides, and gives key and salt; only `pseudonymize` may show it. One alone, since an output has one key and a pseudonym one grant.',
  device:
    'Names a device: at most one string, in no array or map. Its refusal only takes away; only `pseudonymize` may show it.',
  'event-time': 'When it happened: exactly one timestamp-millis, never null. A grant must cover it.',
  'own-signal':
    'A boolean of the event itself that can only take away, such as GPC; any number of them, in no array or map. True denies the purposes with `gpc: denies`.',
  PII: 'Says something of a person that must not leave in clear: see the third column of the verbs.',
  identifier: 'Tells one person, device or event apart from others: the same, and stricter.',
}
