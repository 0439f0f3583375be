import type { KeyWords } from './language-key.ts'

const TEXT = { type: 'string', pattern: '\\S' } as const
const NOTICE = { type: 'integer', minimum: 1 } as const

/** Keys of one purpose in purposes.yaml. */
export const purposeKeys: readonly KeyWords[] = [
  {
    key: 'title',
    required: true,
    form: 'Suggestions made for you',
    words: 'What the purpose is called, in words for the person it is about.',
    schema: TEXT,
  },
  {
    key: 'summary',
    required: true,
    form: 'We look at what you view, and use it to …',
    words: 'What is done, in plain words. The consent form shows it.',
    schema: TEXT,
  },
  {
    key: 'benefit',
    required: true,
    form: 'You find what suits you sooner.',
    words: 'What the person gains.',
    schema: TEXT,
  },
  {
    key: 'basis',
    required: true,
    form: 'consent, or legitimate-interest',
    words: 'On what it stands: the person said yes, or was told and did not object.',
    schema: { enum: ['consent', 'legitimate-interest'] },
  },
  {
    key: 'dpv',
    required: false,
    form: 'dpv:ServicePersonalisation',
    words: "The purpose in the W3C's Data Privacy Vocabulary.",
    schema: TEXT,
  },
  {
    key: 'tcf',
    required: false,
    form: '[5, 6]',
    words: "Ids of purposes in IAB Europe's Transparency and Consent Framework.",
    schema: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 24 }, uniqueItems: true },
  },
  {
    key: 'gpc',
    required: true,
    form: 'denies, or ignored',
    words: 'What a Global Privacy Control signal on an event does, whatever the person answered here.',
    schema: { enum: ['denies', 'ignored'] },
  },
  {
    key: 'grantLasts',
    required: true,
    form: '365d, 24h, or until withdrawn',
    words: 'How long a grant lasts.',
    schema: { anyOf: [{ $ref: '#/$defs/duration' }, { const: 'until withdrawn' }] },
  },
  {
    key: 'notice',
    required: true,
    form: '4',
    words: 'Number of the explanation that is shown today: that of the newest policy file.',
    schema: NOTICE,
  },
]

/** Keys of a policy file. */
export const policyKeys: readonly KeyWords[] = [
  {
    key: 'purpose',
    required: true,
    form: 'personalization',
    words: "The purpose, as in the file's name.",
    schema: { $ref: '#/$defs/purpose' },
  },
  {
    key: 'notice',
    required: true,
    form: '4',
    words: "The notice, as in the file's name. Grants given under an older notice see the older file.",
    schema: NOTICE,
  },
  {
    key: 'from',
    required: true,
    form: 'clickstream.raw',
    words: 'The raw topic that is read: that of the stream.',
    schema: { type: 'string', pattern: '^[a-z][a-zA-Z0-9]{0,39}\\.raw$' },
  },
  {
    key: 'to',
    required: true,
    form: 'clickstream.personalization',
    words: 'The clean topic that is written. It is of this purpose alone, and the same in all its files.',
    schema: { type: 'string', pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,179}$' },
  },
  {
    key: 'retention',
    required: true,
    form: '90d',
    words: 'How long the clean topic keeps a record. Equal in all files with one `to`.',
    schema: { $ref: '#/$defs/duration' },
  },
  {
    key: 'recipients',
    required: true,
    form: '[recommender]',
    words: 'Who may read the clean topic. Equal in all files with one `to`.',
    schema: {
      type: 'array',
      items: { type: 'string', pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$' },
      minItems: 1,
      uniqueItems: true,
    },
  },
  {
    key: 'needs',
    required: false,
    form: '[marketing.email]',
    words:
      'Further purposes that must be granted too, such as a channel; else the person counts as one without a grant. ' +
      'Equal in all files of the purpose. A policy of a child purpose names its parent here.',
    schema: { type: 'array', items: { $ref: '#/$defs/purpose' }, uniqueItems: true },
  },
  {
    key: 'events',
    required: false,
    form: '{eventType: [search, purchase]}',
    words:
      'Only events that have one of the constants in each of these leaves give output, with and without a grant. ' +
      'Left out: all events do.',
    schema: { $ref: '#/$defs/conditions' },
  },
  {
    key: 'granted',
    required: true,
    form: 'path: verb, one line a leaf',
    words: 'What people who said yes under this notice or a later one show. What no line names is left out.',
    schema: { $ref: '#/$defs/leaves' },
  },
  {
    key: 'only',
    required: false,
    form: '- when: {path: constant}, then path: verb',
    words:
      'Leaves that some events show beside those of `granted`. Each leaf that `when` asks for must itself be kept by ' +
      '`granted`: whoever sees the added leaves sees why.',
    schema: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['when'],
        minProperties: 2,
        properties: { when: { $ref: '#/$defs/conditions' } },
        additionalProperties: { $ref: '#/$defs/verb' },
      },
    },
  },
  {
    key: 'otherwise',
    required: false,
    form: 'path: verb, one line a leaf',
    words:
      'What everyone else shows, without pseudonyms. Left out: nothing is published about them. ' +
      "The newest file's decides.",
    schema: { $ref: '#/$defs/leaves' },
  },
  {
    key: 'sensitive',
    required: false,
    form: '{by: product.category, values: lists/health.txt, needs: health}',
    words:
      'Leaves out what is delicate, unless a further purpose is granted too: the element of an array or, outside ' +
      'arrays, the whole event whose leaf has a listed value. With and without a grant of this purpose.',
    schema: { $ref: '#/$defs/sensitive' },
  },
]

/** Keys of `sensitive`. */
export const sensitiveKeys: readonly KeyWords[] = [
  {
    key: 'by',
    required: true,
    form: 'products[].category',
    words: 'The leaf that is looked at: a string or an enum, not in a map.',
    schema: { $ref: '#/$defs/path' },
  },
  {
    key: 'values',
    required: true,
    form: 'lists/health.txt',
    words: 'The list of its delicate values.',
    schema: { type: 'string', pattern: '^lists/.+\\.txt$' },
  },
  {
    key: 'needs',
    required: true,
    form: 'health',
    words: 'The purpose whose grant lets them pass. Equal in all files of the purpose.',
    schema: { $ref: '#/$defs/purpose' },
  },
]

/** Keys of one case in cases.yaml, which `weir policy test` reads. */
export const casesKeys: readonly KeyWords[] = [
  {
    key: 'name',
    required: true,
    form: 'a search that nobody lists is not shown',
    words: 'A sentence about what passes and what does not. Each case has its own.',
    schema: TEXT,
  },
  {
    key: 'event',
    required: false,
    form: '{eventType: search, searchQuery: …}',
    words:
      "The fields that matter of what a producer sends. Those left out take the schema's default, else a plain value.",
    schema: { type: 'object' },
  },
  {
    key: 'consent',
    required: false,
    form: '{personalization: {notice: 1}}, or none',
    words: 'What the person answered, by purpose, when the event is processed.',
    schema: { $ref: '#/$defs/answers' },
  },
  {
    key: 'device',
    required: false,
    form: '{marketing: objected}, or none',
    words: "The same for the event's device, which only takes away.",
    schema: { $ref: '#/$defs/answers' },
  },
  {
    key: 'expect',
    required: true,
    form: '{personalization: {…}, marketing: withheld}',
    words:
      'By purpose the clean event, compared exactly (what is not written is null, any pseudonym is the word ' +
      '`pseudonym`), or `withheld`; for an event that can not be processed, `quarantined`.',
    schema: {
      anyOf: [
        { const: 'quarantined' },
        {
          type: 'object',
          minProperties: 1,
          propertyNames: { $ref: '#/$defs/purpose' },
          additionalProperties: { anyOf: [{ const: 'withheld' }, { type: 'object' }] },
        },
      ],
    },
  },
]
