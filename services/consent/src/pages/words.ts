import type { Verb } from '@weir/contracts'

/**
 * The words of the form, apart from those of the purposes, which the contract has. One language for now: another one
 * is another object of this shape.
 */
export const words = {
  lang: 'en',
  /** How dates are written. */
  locale: 'en-GB',
  title: 'Your choices',
  intro:
    'Here you see what data about you is used for, and decide about each use. You can change your mind at any time; ' +
    'saying no costs you nothing but the benefit named.',
  takesEffect: (seconds: number) =>
    'A choice is in force as soon as this page says so. What was being handled at that moment is finished or dropped: ' +
    `at the latest ${seconds === 1 ? '1 second' : `${seconds} seconds`} after that, nothing more is passed on against it.`,
  allow: 'Allow',
  deny: 'Do not allow',
  benefitLabel: 'What you gain',
  collectedLabel: 'What is used if you allow it',
  otherwiseLabel: 'What is used, without any name or code of yours, if you do not',
  otherwiseNothing: 'If you do not allow it, nothing is used.',
  notServed: 'At present nothing is collected for this.',
  recipientsLabel: 'Who gets it',
  retentionLabel: 'How long it is kept',
  days: (days: number) => (days === 1 ? '1 day' : `${days} days`),
  grantLasts: (days: number) => `If you allow it, that ends by itself after ${days === 1 ? '1 day' : `${days} days`}.`,
  statusLabel: 'Now',
  status: {
    undecided: 'You have not decided yet, so it is not allowed.',
    granted: 'You allow this.',
    withdrawn: 'You do not allow this.',
    objected: 'You do not allow this.',
    notified: 'You were told about this. It is allowed until you object.',
    expired: 'Your permission has run out, so it is not allowed.',
    erased: 'Your data was erased, so it is not allowed.',
    unreadable: 'Your present choice can’t be read right now.',
  },
  since: 'since',
  until: 'until',
  olderNotice:
    'The explanation has changed since you allowed this. What is new in it is not used unless you allow it again.',
  allHeading: 'Everything at once',
  allText: 'Take back every permission in one go.',
  all: 'Do not allow anything',
  unreadable:
    'Your present choices can’t be read right now. You can still forbid a use: that is recorded at once. To allow ' +
    'one, please come back in a few minutes.',
  outcome: {
    effective: 'Your choice is in force.',
    effectiveSince: 'Your choice is in force since',
    pending: 'Your choice is recorded, and not yet in force. Reload this page to see when it is.',
    refused:
      'Your choice was not taken over, because your choices had changed after you opened the page. ' +
      'Please look at them below and choose again.',
    repeated: 'This choice had been recorded before.',
    superseded: 'This choice is an old one, and no longer counts. Below you see what holds now.',
  },
  outcomeTitle: {
    effective: 'In force',
    pending: 'Recorded',
    refused: 'Not taken over',
    repeated: 'Recorded before',
    superseded: 'No longer counts',
  },
  errors: {
    expired: {
      title: 'This link has run out',
      text: 'For your safety such a link works for a limited time. Please ask for a new one where you got this one.',
    },
    unknown: {
      title: 'This page does not exist',
      text: 'Please check that the link is complete, or ask for a new one where you got it.',
    },
    stale: {
      title: 'Please try again',
      text: 'Your choice was not recorded, because the page it came from is not valid any more. Open your link again and choose there.',
    },
    unavailable: {
      title: 'Please try again in a moment',
      text: 'We can’t confirm right now that your choice was recorded. Nothing is lost if you choose again.',
    },
    failed: {
      title: 'Something went wrong',
      text: 'The mistake is ours. Please try again later.',
    },
  },
} as const

/** In which form a leaf passes. */
export const verbWords: Readonly<Record<Verb['kind'], string>> = {
  keep: 'As it is',
  pseudonymize: 'Replaced by a code that is used for this purpose alone',
  hour: 'Only to the hour',
  day: 'Only the day',
  month: 'Only the month',
  prefix: 'Only the network it belongs to',
  decimals: 'Rounded to a coarse number',
  bucket: 'Only the range it falls in',
  family: 'Only the kind of browser and system',
  host: 'Only the site, not the page',
  first: 'Only how it begins',
  routes: 'Only the kind of page, from a fixed list',
  in: 'Only if it is on a fixed list',
  set: 'Only that it was there',
}
